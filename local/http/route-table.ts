import { decodePercent } from './url-decoding.ts';

/** A route of an HTTP API. */
export interface ApiRoute {
  /** `GET /api/v1/contacts/{id}` or `$default` */
  routeKey: string;
  integrationId: string;
  authorizerId?: string;
}

export interface RouteMatch {
  route: ApiRoute;
  /** Path parameters, decoded. */
  parameters: Record<string, string>;
}

interface Segment {
  kind: 'static' | 'parameter' | 'greedy';
  /** The text or the parameter's name. */
  name: string;
}

interface Pattern {
  route: ApiRoute;
  method: string;
  segments: Segment[];
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'ANY'];

/**
 * Finds routes as HTTP APIs do: a path that matches in full goes before a greedy one, static text before a
 * parameter, a method before `ANY`, and `$default` takes the rest. HEAD is not GET.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
 */
export class RouteTable {
  readonly #patterns = new Map<number, Pattern[]>();
  readonly #greedy: Pattern[] = [];
  readonly #keys = new Set<string>();
  #default: ApiRoute | undefined;

  /** @throws {Error} for a route key that is not valid or is there already */
  add(route: ApiRoute): void {
    const { routeKey } = route;
    const shape = routeKey.replace(/\{[^}+]+\}/g, '{}').replace(/\{[^}]+\+\}/g, '{+}');
    if (this.#keys.has(shape)) throw new Error(`there is already a route ${routeKey}`);
    this.#keys.add(shape);
    if (routeKey === '$default') {
      this.#default = route;
      return;
    }
    const pattern = compile(route);
    if (pattern.segments.at(-1)?.kind === 'greedy') insert(this.#greedy, pattern);
    else insert(this.#bySize(pattern.segments.length), pattern);
  }

  /** @param path as in the request line, encoded, without query */
  find(method: string, path: string): RouteMatch | undefined {
    const parts = path.slice(1).split('/').map(decodePercent);
    const candidates = [...(this.#patterns.get(parts.length) ?? []), ...this.#greedy];
    for (const pattern of candidates) {
      if (pattern.method !== method && pattern.method !== 'ANY') continue;
      const parameters = match(pattern.segments, parts);
      if (parameters) return { route: pattern.route, parameters };
    }
    return this.#default && { route: this.#default, parameters: {} };
  }

  #bySize(size: number): Pattern[] {
    const list = this.#patterns.get(size) ?? [];
    this.#patterns.set(size, list);
    return list;
  }
}

function compile(route: ApiRoute): Pattern {
  const [method = '', path = '', ...more] = route.routeKey.split(' ');
  if (!methods.includes(method) || !path.startsWith('/') || more.length > 0) {
    throw new Error(`RouteKey "${route.routeKey}" is not of the form "METHOD /path" or $default`);
  }
  const segments = path.slice(1).split('/').map(segment);
  const greedy = segments.findIndex(({ kind }) => kind === 'greedy');
  if (greedy >= 0 && greedy < segments.length - 1) {
    throw new Error(`RouteKey "${route.routeKey}": a greedy parameter must come last`);
  }
  return { route, method, segments };
}

function segment(text: string): Segment {
  const parameter = /^\{([^{}+]+)(\+?)\}$/.exec(text);
  if (parameter) return { kind: parameter[2] ? 'greedy' : 'parameter', name: parameter[1] ?? '' };
  if (/[{}]/.test(text)) throw new Error(`path segment "${text}" is neither text nor one parameter`);
  return { kind: 'static', name: text };
}

/** Keeps the list in the order in which routes are tried. */
function insert(list: Pattern[], pattern: Pattern): void {
  const at = list.findIndex((other) => compare(pattern, other) < 0);
  list.splice(at < 0 ? list.length : at, 0, pattern);
}

const ranks = { static: 0, parameter: 1, greedy: 2 };

function compare(a: Pattern, b: Pattern): number {
  for (let i = 0; i < Math.min(a.segments.length, b.segments.length); i += 1) {
    const difference = ranks[a.segments[i]?.kind ?? 'static'] - ranks[b.segments[i]?.kind ?? 'static'];
    if (difference !== 0) return difference;
  }
  if (a.segments.length !== b.segments.length) return b.segments.length - a.segments.length;
  return Number(a.method === 'ANY') - Number(b.method === 'ANY');
}

function match(segments: Segment[], parts: string[]): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  for (const [i, { kind, name }] of segments.entries()) {
    const part = parts[i] ?? '';
    if (kind === 'static' && part !== name) return undefined;
    if (kind === 'static') continue;
    // An empty segment is no parameter value.
    if (part === '') return undefined;
    parameters[name] = kind === 'greedy' ? parts.slice(i).join('/') : part;
  }
  return parameters;
}
