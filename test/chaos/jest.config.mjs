import base from '../../jest.config.mjs';

/** The chaos suite runs by itself (`npm run test:chaos`): it needs the machine and kills what it tests. */
export default {
  rootDir: '../..',
  ...Object.fromEntries(
    ['testEnvironment', 'extensionsToTreatAsEsm', 'transform'].map((key) => [key, base.projects[0][key]]),
  ),
  testMatch: ['<rootDir>/test/chaos/**/*.test.ts'],
  // What a scenario needs is bounded by its own waits; on a machine that others use, too, it needs more.
  testTimeout: 300_000,
};
