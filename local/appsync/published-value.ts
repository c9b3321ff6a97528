import {
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { PreparedOperation } from './execute-operation.ts';

/** What a mutation field has returned to its caller, for those who subscribe to it. */
export interface Publication {
  mutation: string;
  /** By field names, not aliases; only what the mutation selected, since that is all AppSync publishes. */
  value: Record<string, unknown>;
}

type Fragments = Record<string, FragmentDefinitionNode>;

/** The publications of an executed mutation: its fields that gave an object. */
export function publicationsOf(
  { document, operation }: PreparedOperation,
  data: Record<string, unknown> | null,
): Publication[] {
  if (operation.operation !== 'mutation' || !data) return [];
  const fragments: Fragments = {};
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments[node.name.value] = node;
  return fieldsOf((operation as OperationDefinitionNode).selectionSet, fragments).flatMap((field) => {
    const value = withoutAliases(data[keyOf(field)], field, fragments);
    return isObject(value) ? [{ mutation: field.name.value, value }] : [];
  });
}

function withoutAliases(value: unknown, field: FieldNode, fragments: Fragments): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutAliases(item, field, fragments));
  const { selectionSet } = field;
  if (!isObject(value) || !selectionSet) return value;
  const entries = fieldsOf(selectionSet, fragments)
    .filter((child) => Object.hasOwn(value, keyOf(child)))
    .map((child) => [child.name.value, withoutAliases(value[keyOf(child)], child, fragments)] as const);
  const result: Record<string, unknown> = {};
  for (const [name, member] of entries) {
    const known = result[name];
    // A field selected in two places has in each of them a part of its members.
    result[name] = isObject(known) && isObject(member) ? { ...known, ...member } : member;
  }
  return result;
}

function fieldsOf(set: SelectionSetNode, fragments: Fragments): FieldNode[] {
  return set.selections.flatMap((node): FieldNode[] => {
    if (node.kind === Kind.FIELD) return [node];
    const inner = node.kind === Kind.INLINE_FRAGMENT ? node : fragments[node.name.value];
    return inner ? fieldsOf(inner.selectionSet, fragments) : [];
  });
}

function keyOf(field: FieldNode): string {
  return field.alias?.value ?? field.name.value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
