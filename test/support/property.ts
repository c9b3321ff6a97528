import fc from 'fast-check';

/**
 * fast-check as the tests use it: the same examples in every run, so that a change is judged by its own failures.
 * `PROPERTY_SEED=random npm test` explores new ones, `PROPERTY_SEED=<seed>` repeats what it found.
 */
const seed = process.env.PROPERTY_SEED;
if (seed !== 'random') fc.configureGlobal({ seed: seed === undefined ? 20_260_101 : Number(seed) });

export { fc };
