import { Problem } from './problem.ts';

/** The entity tag of a version: `"v3"`. */
export function etagOf(version: number): string {
  return `"v${version}"`;
}

/** What `If-Match` asks for: a set of versions, or any (`*`). */
export type VersionCondition = { any: true } | { any: false; versions: number[] };

/** Reads `If-Match`; tags that are not ours match nothing. Weak tags count, since proxies weaken them. */
export function parseIfMatch(header: string | undefined): VersionCondition | undefined {
  if (header === undefined) return undefined;
  if (header.trim() === '*') return { any: true };
  const versions = [...header.matchAll(/"v(\d{1,15})"/g)].map((match) => Number(match[1]));
  return { any: false, versions };
}

/** True when `If-None-Match` names this tag, so that a GET answers 304. */
export function matchesNone(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  if (header.trim() === '*') return true;
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}

/** The 412 for a record that has moved on. */
export function preconditionFailed(currentVersion: number): Problem {
  return new Problem(
    'precondition_failed',
    `The record is at version ${currentVersion}; fetch it and try again`,
    {
      extensions: { currentVersion },
    },
  );
}

/** What a PUT by a name of the caller's own choice depends on. */
export interface PutConditions {
  ifMatch?: VersionCondition;
  /** The header as it came; `*` makes something new only. */
  ifNoneMatch?: string;
}

/**
 * @param version what stands there; undefined when nothing does
 * @throws {Problem} `precondition_failed`
 */
export function requireConditions(
  { ifMatch, ifNoneMatch }: PutConditions,
  version: number | undefined,
): void {
  if (version === undefined) {
    if (!ifMatch) return;
    throw new Problem(
      'precondition_failed',
      'Nothing stands there to match If-Match; leave it out to make it',
    );
  }
  if (matchesNone(ifNoneMatch, etagOf(version))) {
    throw new Problem('precondition_failed', `It exists already, at version ${version}`, {
      extensions: { currentVersion: version },
    });
  }
  requireVersion(ifMatch, version);
}

/** @throws {Problem} `precondition_failed` when the version is not one of those asked for */
export function requireVersion(condition: VersionCondition | undefined, version: number): void {
  if (!condition || condition.any || condition.versions.includes(version)) return;
  throw preconditionFailed(version);
}
