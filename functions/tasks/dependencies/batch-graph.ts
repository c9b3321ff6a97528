import { type ProblemDetail, validationFailed } from '../../shared/problem.ts';

/** How the tasks of a batch hang together, by their places in it. */
export interface BatchGraph {
  /** The place that a `ref` names. */
  places: ReadonlyMap<string, number>;
  /** The place before this one that has the same type and dedupe key: one task for both while it lives. */
  sameAs: (number | undefined)[];
  /** Places that can be made at once, wave after wave; what a place waits for is in an earlier wave. */
  waves: number[][];
}

/** In `dependsOn`: a task of the same batch. */
export const refPrefix = 'ref:';

/**
 * Reads the graph of a batch, before its tasks have been checked one by one.
 * @throws {Problem} `validation_failed` for a ref that two tasks have, or a `dependency_cycle`
 */
export function batchGraph(bodies: readonly Record<string, unknown>[]): BatchGraph {
  const places = placesOf(bodies);
  const sameAs = samePlaces(bodies);
  const links = bodies.map((body, place) => linksOf(body, place, places, sameAs[place]));
  return { places, sameAs, waves: inWaves(bodies, links) };
}

function placesOf(bodies: readonly Record<string, unknown>[]): Map<string, number> {
  const places = new Map<string, number>();
  const repeated: ProblemDetail[] = [];
  for (const [place, { ref }] of bodies.entries()) {
    if (typeof ref !== 'string') continue;
    const earlier = places.get(ref);
    if (earlier === undefined) places.set(ref, place);
    else
      repeated.push({
        pointer: `/tasks/${place}/ref`,
        code: 'repeated',
        message: `is also the ref of /tasks/${earlier}`,
      });
  }
  if (repeated.length > 0) throw validationFailed(repeated);
  return places;
}

function samePlaces(bodies: readonly Record<string, unknown>[]): (number | undefined)[] {
  const latest = new Map<string, number>();
  return bodies.map(({ type, dedupeKey }, place) => {
    if (dedupeKey === undefined) return undefined;
    const key = JSON.stringify([type, dedupeKey]);
    const earlier = latest.get(key);
    latest.set(key, place);
    return earlier;
  });
}

/** What a place waits for, and what of its body says so. */
interface Link {
  to: number;
  pointer: string;
}

function linksOf(
  { dependsOn }: Record<string, unknown>,
  place: number,
  places: ReadonlyMap<string, number>,
  same: number | undefined,
): Link[] {
  const parents = Array.isArray(dependsOn) ? dependsOn : [];
  const links = parents.flatMap((parent, at): Link[] => {
    const to =
      typeof parent === 'string' && parent.startsWith(refPrefix)
        ? places.get(parent.slice(refPrefix.length))
        : undefined;
    return to === undefined ? [] : [{ to, pointer: `/tasks/${place}/dependsOn/${at}` }];
  });
  return same === undefined ? links : [...links, { to: same, pointer: `/tasks/${place}/dedupeKey` }];
}

/** Kahn's algorithm, level by level; whatever is left has a cycle among it. */
function inWaves(bodies: readonly Record<string, unknown>[], links: Link[][]): number[][] {
  const done = new Set<number>();
  const waves: number[][] = [];
  while (done.size < links.length) {
    const wave = links.flatMap((own, place) =>
      !done.has(place) && own.every(({ to }) => done.has(to)) ? [place] : [],
    );
    if (wave.length === 0) throw cycleProblem(bodies, links, done);
    for (const place of wave) done.add(place);
    waves.push(wave);
  }
  return waves;
}

/** Follows what is not done from any such place: each waits for another, so a place comes up twice. */
function cycleProblem(
  bodies: readonly Record<string, unknown>[],
  links: Link[][],
  done: ReadonlySet<number>,
) {
  const path: { place: number; pointer: string }[] = [];
  let at = links.findIndex((_, place) => !done.has(place));
  while (!path.some(({ place }) => place === at)) {
    const next = links[at]?.find(({ to }) => !done.has(to)) as Link;
    path.push({ place: at, pointer: next.pointer });
    at = next.to;
  }
  const cycle = path.slice(path.findIndex(({ place }) => place === at));
  const names = [...cycle.map(({ place }) => place), at].map((place) => nameOf(bodies, place));
  const message = `tasks cannot wait for themselves: ${names.join(' → ')}`;
  return validationFailed([{ pointer: cycle[0]?.pointer ?? '/tasks', code: 'dependency_cycle', message }]);
}

function nameOf(bodies: readonly Record<string, unknown>[], place: number): string {
  const ref = bodies[place]?.ref;
  return typeof ref === 'string' ? ref : `/tasks/${place}`;
}
