import type { ZodMiniType } from 'zod/mini';
import type { Route } from '../../functions/shared/route.ts';

/** `createContact` → `CreateContact`. */
const pascal = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

/** Names a schema after the first operation that says best what it is. */
const namings: { operation: RegExp; part: 'body' | 'response'; name: (rest: string) => string }[] = [
  { operation: /^get(?!.*(History|Timeline)$)(.+)$/, part: 'response', name: (rest) => rest },
  { operation: /^(create)(.+)$/, part: 'body', name: (rest) => `${rest}Input` },
  { operation: /^(update)(.+)$/, part: 'body', name: (rest) => `${rest}Patch` },
  { operation: /^(list)(.+)$/, part: 'response', name: (rest) => `${rest}Page` },
];

/** Component names by schema: reused schemas get one name, so that clients get one type. */
export function schemaNames(routes: readonly Route[], part: 'body' | 'response'): Map<ZodMiniType, string> {
  const names = new Map<ZodMiniType, string>();
  const take = (schema: ZodMiniType | undefined, name: string) => {
    if (schema && !names.has(schema) && ![...names.values()].includes(name)) names.set(schema, name);
  };
  for (const naming of namings.filter((candidate) => candidate.part === part)) {
    for (const route of routes) {
      const rest = naming.operation.exec(route.operation)?.[2];
      if (rest) for (const schema of schemasOf(route, part)) take(schema, naming.name(rest));
    }
  }
  for (const route of routes) {
    const [first, ...others] = schemasOf(route, part);
    take(first, `${pascal(route.operation)}${part === 'body' ? 'Input' : 'Result'}`);
    for (const [index, schema] of others.entries())
      take(schema, `${pascal(route.operation)}Result${index + 2}`);
  }
  return names;
}

function schemasOf(route: Route, part: 'body' | 'response'): ZodMiniType[] {
  if (part === 'body') return route.body ? [route.body] : [];
  return Object.values(route.responses).flatMap(({ schema }) => schema ?? []);
}
