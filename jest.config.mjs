/** Jest runs the TypeScript sources as native ES modules; swc only strips the types. */
const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
};

export default {
  testTimeout: 60_000,
  // Most tests wait, for the running stack or for time to pass, so three at once pay also on two cores.
  maxWorkers: 3,
  testSequencer: '<rootDir>/test/support/long-waits-first.mjs',
  // Within a file, `test.concurrent` waits for several things at the same time.
  maxConcurrency: 6,
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/test/unit/**/*.test.ts'] },
    { ...common, displayName: 'stack', testMatch: ['<rootDir>/test/stack/**/*.test.ts'] },
    {
      ...common,
      displayName: 'system',
      testMatch: ['<rootDir>/test/system/**/*.test.ts'],
      globalSetup: '<rootDir>/test/system/support/global-setup.mjs',
      globalTeardown: '<rootDir>/test/system/support/global-teardown.mjs',
    },
  ],
};
