/** Sets a member by its dotted path; objects on the way are made. A name such as `__proto__` is a name like any other. */
export function setPath(target: Record<string, unknown>, path: string, value: unknown): void {
  const [name = '', ...rest] = path.split('.');
  if (rest.length === 0) {
    define(target, name, value);
    return;
  }
  const own = Object.hasOwn(target, name) ? target[name] : undefined;
  const inner = typeof own === 'object' && own !== null ? (own as Record<string, unknown>) : {};
  setPath(inner, rest.join('.'), value);
  define(target, name, inner);
}

/** Sets an own member, whatever its name. */
export function define(target: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
}
