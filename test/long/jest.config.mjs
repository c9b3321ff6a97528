import base from '../../jest.config.mjs';

/** What takes long by nature (`npm run test:long`): compilers, whole runtimes that are killed, leases that run out. */
export default {
  rootDir: '../..',
  ...Object.fromEntries(
    ['testEnvironment', 'extensionsToTreatAsEsm', 'transform'].map((key) => [key, base.projects[0][key]]),
  ),
  testMatch: ['<rootDir>/test/long/**/*.test.ts'],
  globalSetup: '<rootDir>/test/system/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/system/support/global-teardown.mjs',
  maxWorkers: 2,
  testTimeout: 120_000,
};
