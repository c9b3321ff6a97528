import {
  type FragmentDefinitionNode,
  type GraphQLResolveInfo,
  Kind,
  print,
  type SelectionSetNode,
  visit,
} from 'graphql';
import type { OperationContext } from './operation-context.ts';

/** `ctx`, as APPSYNC_JS code sees it; with `result` and `error` once the data source has answered. */
export interface ResolverContext {
  arguments: Record<string, unknown>;
  args: Record<string, unknown>;
  source: unknown;
  identity: Record<string, unknown>;
  request: { headers: Record<string, string>; domainName: null };
  info: Record<string, unknown>;
  env: Record<string, string>;
  stash: Record<string, unknown>;
  prev: { result: unknown } | null;
  result?: unknown;
  error?: { message: string; type: string };
}

/** https://docs.aws.amazon.com/appsync/latest/devguide/resolver-context-reference-js.html */
export function createResolverContext(
  source: unknown,
  args: Record<string, unknown>,
  info: GraphQLResolveInfo,
  { caller, headers, variables }: OperationContext,
  env: Record<string, string>,
): ResolverContext {
  const selection = info.fieldNodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  return {
    arguments: args,
    args,
    source: source ?? null,
    identity: caller.identity,
    request: { headers, domainName: null },
    env,
    stash: {},
    prev: null,
    info: {
      fieldName: info.fieldName,
      parentTypeName: info.parentType.name,
      variables,
      // Few resolvers look at these, so they are made when they are read.
      get selectionSetList() {
        return selection.flatMap((set) => selectionPaths(set, info.fragments, ''));
      },
      get selectionSetGraphQL() {
        return selection.map((set) => print(inlineFragments(set, info.fragments))).join('\n');
      },
    },
  };
}

/** `['items', 'items/id', 'nextCursor']`: by the name in the answer, parents before children. */
function selectionPaths(
  set: SelectionSetNode,
  fragments: Readonly<Record<string, FragmentDefinitionNode>>,
  prefix: string,
): string[] {
  return set.selections.flatMap((node): string[] => {
    if (node.kind === Kind.FIELD) {
      const path = `${prefix}${node.alias?.value ?? node.name.value}`;
      return [path, ...(node.selectionSet ? selectionPaths(node.selectionSet, fragments, `${path}/`) : [])];
    }
    const inner = node.kind === Kind.INLINE_FRAGMENT ? node : fragments[node.name.value];
    return inner ? selectionPaths(inner.selectionSet, fragments, prefix) : [];
  });
}

function inlineFragments(
  set: SelectionSetNode,
  fragments: Readonly<Record<string, FragmentDefinitionNode>>,
): SelectionSetNode {
  return visit(set, {
    FragmentSpread(node) {
      const fragment = fragments[node.name.value];
      if (!fragment) return undefined;
      const { typeCondition, selectionSet } = fragment;
      return {
        kind: Kind.INLINE_FRAGMENT,
        typeCondition,
        selectionSet: inlineFragments(selectionSet, fragments),
      };
    },
  });
}
