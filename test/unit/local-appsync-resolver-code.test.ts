import { describe, expect, test } from '@jest/globals';
import { compileResolverModule } from '../../local/appsync/resolver-module.ts';

const utils = { util: { shout: (text: string) => text.toUpperCase() }, extensions: {} };
const compile = (code: string) =>
  compileResolverModule(code, 'resolver.js', { '@aws-appsync/utils': utils }, { log: () => {} });

describe('resolver code', () => {
  test('runs with its imports and exports in every form that resolvers use', () => {
    const module = compile(`
      import { util, extensions as ext } from '@aws-appsync/utils';
      import * as everything from "@aws-appsync/utils";
      const suffix = \`!\${[1, 2].map((n) => \`\${n * 2}\`).join('-')}\`;
      export function request(ctx) {
        const { name, ...rest } = ctx.args;
        // comments may say: async, await, try, for (;;), new Date() /regex/
        return { text: util.shout(name) + suffix, rest, ratio: 6 / 3 / 2, same: everything.util === util && !!ext };
      }
      function answer(ctx) { return ctx.result?.new ?? 'none'; }
      export { answer as response };
    `);
    expect(module.request?.({ args: { name: 'ann', age: 3 } })).toEqual({
      text: 'ANN!2-4',
      rest: { age: 3 },
      ratio: 1,
      same: true,
    });
    expect(module.response?.({ result: { new: 1 } })).toBe(1);
    expect(module.response?.({})).toBe('none');
  });

  test('a property may have a forbidden word as its name', () => {
    const module = compile('export const request = (ctx) => ({ new: ctx.class, do: ctx?.try })');
    expect(module.request?.({ class: 1, try: 2 })).toEqual({ new: 1, do: 2 });
  });

  test('for-of and for-in are fine', () => {
    const module = compile(`export function request(ctx) {
      let keys = '';
      for (const key in ctx) { keys += key; }
      for (const n of [1, 2]) { keys += n; }
      return keys;
    }`);
    expect(module.request?.({ a: 1, b: 2 })).toBe('ab12');
  });

  test.each([
    ['async functions', 'export async function request() {}', /line 1: .*"async"/],
    ['await', 'export function request() {\n await x; }', /line 2: .*"await"/],
    ['try', 'export function request() { try { a() } catch (e) {} }', /"try"/],
    ['throw', 'export function request() { throw 1 }', /"throw"/],
    ['a counting loop', 'export function request() { for (let i = 0; i < 3; i += 1) {} }', /for\(;;\)/],
    ['while', 'export function request() { while (true) {} }', /"while"/],
    ['++', 'export function request() { let i = 0; i++; }', /operator \+\+/],
    ['the in operator', 'export const request = (ctx) => "a" in ctx', /"in" operator/],
    ['a regular expression', 'export const request = (ctx) => /a+/.test(ctx.x)', /regular expression/],
    ['a class', 'class A {}', /"class"/],
    ['a generator', 'export function* request() {}', /generator/],
    ['Date', 'export const request = () => Date.now()', /"Date"/],
    ['Promise', 'export const request = () => Promise.resolve()', /"Promise"/],
    ['another module', 'import fs from "fs"; export const request = () => 1', /module "fs"/],
    ['32 769 characters', `export const request = () => '${'x'.repeat(32_768)}'`, /characters/],
    ['a syntax error', 'export function request( { return 1 }', /does not load/],
    ['an open template', 'export const request = () => `a', /no end/],
  ])('%s is refused', (_, code, message) => {
    expect(() => compile(code)).toThrow(message);
  });
});
