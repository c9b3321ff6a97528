import type { Route } from '../../functions/shared/route.ts';

/** A resource of a CloudFormation template, as far as the rules look at it. */
export interface Resource {
  Type: string;
  Properties?: Record<string, unknown>;
}

export interface Template {
  Resources: Record<string, Resource>;
}

/** What a rule looks at. */
export interface TemplateUnderTest {
  template: Template;
  /** Directory of the cloud assembly: assets are in `asset.<hash>/` below it. */
  directory: string;
  /** The route table that the API must match. */
  routes: readonly Route[];
}

/** What a rule found. */
export interface Finding {
  rule: string;
  /** Logical id. */
  resource: string;
  message: string;
  /** Where in the resource, e.g. `Properties/Handler`. */
  location?: string;
}

export type TemplateRule = (under: TemplateUnderTest) => Finding[];

export interface FoundResource {
  id: string;
  properties: Record<string, unknown>;
}

/** All resources of one type. */
export function resourcesOf(template: Template, type: string): FoundResource[] {
  return Object.entries(template.Resources)
    .filter(([, resource]) => resource.Type === type)
    .map(([id, { Properties }]) => ({ id, properties: Properties ?? {} }));
}

/** Every logical id that a value mentions through `Ref`, `Fn::GetAtt` or inside of other intrinsics. */
export function mentions(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(mentions);
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'Ref' && typeof inner === 'string') return [inner];
    if (key === 'Fn::GetAtt') {
      const id = Array.isArray(inner) ? inner[0] : String(inner).split('.')[0];
      return typeof id === 'string' ? [id] : [];
    }
    return mentions(inner);
  });
}

/** The resource of a type that a value mentions, if there is one. */
export function target(template: Template, value: unknown, type: string): FoundResource | undefined {
  const id = mentions(value).find((mentioned) => template.Resources[mentioned]?.Type === type);
  return id === undefined ? undefined : { id, properties: template.Resources[id]?.Properties ?? {} };
}

/** A value as text, with a placeholder where it is only known after deployment. */
export function asText(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  if (value === null || typeof value !== 'object') return '';
  const join = (value as { 'Fn::Join'?: [string, unknown[]] })['Fn::Join'];
  if (join) return join[1].map(asText).join(join[0]);
  return 'deployed';
}

/** Reads a path of property names; undefined where it breaks off. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      inner !== null && typeof inner === 'object'
        ? (inner as Record<string | number, unknown>)[key]
        : undefined,
    value,
  );
}

/** A property as a list: CloudFormation takes a single value for a list of one in policies. */
export function asList(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}
