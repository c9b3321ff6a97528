import { TemplateError } from './template-error.ts';

/** Stands for `AWS::NoValue`: the property or element that holds it is left out. */
export const noValue = Symbol('AWS::NoValue');

/** What names mean while one value is resolved. Each lookup throws a TemplateError for a name it does not know. */
export interface Scope {
  ref(name: string, path: readonly string[]): unknown;
  getAtt(logicalId: string, attribute: string, path: readonly string[]): unknown;
  condition(name: string, path: readonly string[]): boolean;
  findInMap(map: string, first: string, second: string, path: readonly string[]): unknown;
  /** How a message names the value at this path. */
  describe(path: readonly string[]): string;
}

type Path = readonly string[];
type Intrinsic = (argument: unknown, scope: Scope, path: Path) => unknown;

const intrinsics: Record<string, Intrinsic> = {
  Ref: (name, scope, path) => scope.ref(text(name, 'Ref', scope, path), path),
  'Fn::GetAtt': (argument, scope, path) => {
    const [logicalId, attribute] = splitGetAtt(argument, scope, path);
    return scope.getAtt(logicalId, attribute, path);
  },
  'Fn::Sub': resolveSub,
  'Fn::Join': (argument, scope, path) => {
    const [separator, list] = pair(argument, 'Fn::Join', scope, path);
    const parts = listOf(resolveValue(list, scope, path), 'Fn::Join', scope, path);
    return parts
      .map((part) => text(part, 'Fn::Join', scope, path))
      .join(text(separator, 'Fn::Join', scope, path));
  },
  'Fn::Select': (argument, scope, path) => {
    const [index, list] = pair(argument, 'Fn::Select', scope, path);
    const items = listOf(resolveValue(list, scope, path), 'Fn::Select', scope, path);
    const position = Number(resolveValue(index, scope, path));
    if (!(position in items)) {
      throw fault(scope, path, `Fn::Select asks for element ${position} of ${items.length}`);
    }
    return items[position];
  },
  'Fn::Split': (argument, scope, path) => {
    const [separator, source] = pair(argument, 'Fn::Split', scope, path);
    const whole = text(resolveValue(source, scope, path), 'Fn::Split', scope, path);
    return whole.split(text(separator, 'Fn::Split', scope, path));
  },
  'Fn::If': (argument, scope, path) => resolveValue(chosenBranch(argument, scope, path), scope, path),
  'Fn::FindInMap': (argument, scope, path) => {
    const keys = listOf(argument, 'Fn::FindInMap', scope, path).map((key) =>
      text(resolveValue(key, scope, path), 'Fn::FindInMap', scope, path),
    );
    const [map = '', first = '', second = ''] = keys;
    return scope.findInMap(map, first, second, path);
  },
  'Fn::Base64': (argument, scope, path) =>
    Buffer.from(text(resolveValue(argument, scope, path), 'Fn::Base64', scope, path)).toString('base64'),
  'Fn::Equals': (argument, scope, path) => {
    const [left, right] = pair(argument, 'Fn::Equals', scope, path);
    return resolveValue(left, scope, path) === resolveValue(right, scope, path);
  },
  'Fn::Not': (argument, scope, path) => {
    const [inner] = listOf(argument, 'Fn::Not', scope, path);
    return resolveValue(inner, scope, path) !== true;
  },
  'Fn::And': (argument, scope, path) =>
    listOf(argument, 'Fn::And', scope, path).every((item) => resolveValue(item, scope, path) === true),
  'Fn::Or': (argument, scope, path) =>
    listOf(argument, 'Fn::Or', scope, path).some((item) => resolveValue(item, scope, path) === true),
  'Fn::ImportValue': (argument, scope, path) => {
    throw fault(scope, path, `Fn::ImportValue ${JSON.stringify(argument)}: there is no other stack locally`);
  },
};

/**
 * Replaces every intrinsic function inside `value`.
 * @param path where `value` stands, for messages
 * @throws {TemplateError} for an unknown name, a malformed argument or an intrinsic that is not supported
 */
export function resolveValue(value: unknown, scope: Scope, path: Path = []): unknown {
  if (Array.isArray(value)) {
    return value
      .map((item, index) => resolveValue(item, scope, [...path, String(index)]))
      .filter((item) => item !== noValue);
  }
  if (!isObject(value)) return value;
  const call = intrinsicOf(value);
  if (call !== undefined) {
    const intrinsic = intrinsics[call.name];
    if (intrinsic === undefined)
      throw fault(scope, path, `${call.name} is not supported by the local runtime`);
    return intrinsic(call.argument, scope, path);
  }
  const resolved: Record<string, unknown> = {};
  for (const [key, inner] of Object.entries(value)) {
    const result = resolveValue(inner, scope, [...path, key]);
    if (result !== noValue) resolved[key] = result;
  }
  return resolved;
}

/** The intrinsic that an object stands for: one key, `Ref` or `Fn::…` (`Condition` inside the Conditions section). */
export function intrinsicOf(value: object): { name: string; argument: unknown } | undefined {
  const keys = Object.keys(value);
  const [name] = keys;
  if (keys.length !== 1 || name === undefined) return undefined;
  if (name !== 'Ref' && !name.startsWith('Fn::')) return undefined;
  return { name, argument: (value as Record<string, unknown>)[name] };
}

/** The branch of `Fn::If [condition, whenTrue, whenFalse]` that counts. */
export function chosenBranch(argument: unknown, scope: Scope, path: Path): unknown {
  const [name, whenTrue, whenFalse] = listOf(argument, 'Fn::If', scope, path);
  return scope.condition(text(name, 'Fn::If', scope, path), path) ? whenTrue : whenFalse;
}

/** `Fn::GetAtt` as `[id, attribute]`; both the list and the dotted form. */
export function splitGetAtt(
  argument: unknown,
  scope: Scope,
  path: Path,
): [logicalId: string, attribute: string] {
  const parts =
    typeof argument === 'string' ? argument.split('.') : listOf(argument, 'Fn::GetAtt', scope, path);
  const [logicalId, ...attribute] = parts.map((part) => text(part, 'Fn::GetAtt', scope, path));
  if (logicalId === undefined || attribute.length === 0) {
    throw fault(scope, path, `Fn::GetAtt needs a resource and an attribute, got ${JSON.stringify(argument)}`);
  }
  return [logicalId, attribute.join('.')];
}

/** The names inside `Fn::Sub`'s `${…}`; `${!literal}` is not one. */
export const placeholder = /\$\{([^!}][^}]*)\}/g;

/** `Fn::Sub` as its text and its own variables; both the plain and the list form. */
export function splitSub(
  argument: unknown,
  scope: Scope,
  path: Path,
): [template: string, own: Record<string, unknown>] {
  if (typeof argument === 'string') return [argument, {}];
  const [template, own] = pair(argument, 'Fn::Sub', scope, path);
  return [text(template, 'Fn::Sub', scope, path), isObject(own) ? own : {}];
}

function resolveSub(argument: unknown, scope: Scope, path: Path): string {
  const [template, own] = splitSub(argument, scope, path);
  const filled = template.replaceAll(placeholder, (_whole, name: string) => {
    if (name in own) return text(resolveValue(own[name], scope, path), 'Fn::Sub', scope, path);
    const dot = name.indexOf('.');
    const value =
      dot < 0 ? scope.ref(name, path) : scope.getAtt(name.slice(0, dot), name.slice(dot + 1), path);
    return text(value, 'Fn::Sub', scope, path);
  });
  return filled.replaceAll('${!', '${');
}

function pair(argument: unknown, name: string, scope: Scope, path: Path): [unknown, unknown] {
  const items = listOf(argument, name, scope, path);
  if (items.length !== 2) throw fault(scope, path, `${name} takes two arguments, got ${items.length}`);
  return [items[0], items[1]];
}

function listOf(value: unknown, name: string, scope: Scope, path: Path): unknown[] {
  if (!Array.isArray(value)) throw fault(scope, path, `${name} needs a list, got ${JSON.stringify(value)}`);
  return value;
}

function text(value: unknown, name: string, scope: Scope, path: Path): string {
  const plain = isObject(value) ? resolveValue(value, scope, path) : value;
  if (typeof plain === 'string') return plain;
  if (typeof plain === 'number' || typeof plain === 'boolean') return String(plain);
  throw fault(scope, path, `${name} needs text, got ${JSON.stringify(value)}`);
}

function fault(scope: Scope, path: Path, message: string): TemplateError {
  return new TemplateError(`${scope.describe(path)}: ${message}.`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
