import type { Route } from '../route.ts';
import type { Operation } from './rest-handler.ts';

/** Operations whose modules are read when the first of them is called: a cold start for another does not need them. */
export function loadedLater(
  routes: readonly Route[],
  load: () => Promise<Record<string, Operation>>,
): Record<string, Operation> {
  return Object.fromEntries(
    routes.map(({ operation: name }) => [
      name,
      async (request) => {
        const operation = (await load())[name];
        if (!operation) throw new Error(`no operation is bound to the route ${name}`);
        return operation(request);
      },
    ]),
  );
}
