import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { type ReceiverAnswer, retryAfter } from '../../functions/shared/outgoing/post.ts';
import { readAnswer } from '../../functions/tasks/push/push-answer.ts';

const answer = (body: string | Buffer, more: Partial<ReceiverAnswer> = {}): ReceiverAnswer => ({
  status: 200,
  contentType: 'application/json',
  body: Buffer.from(body as string),
  truncated: false,
  ...more,
});
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

describe('an answer of 2xx', () => {
  test.each<[string, ReceiverAnswer, unknown]>([
    ['JSON', answer('{"a":[1]}'), { a: [1] }],
    [
      'JSON of a type of its own',
      answer('{"a":1}', { contentType: 'application/vnd.x+json; v=1' }),
      { a: 1 },
    ],
    ['nothing', answer(''), null],
    ['nothing, compressed', answer('', { contentEncoding: 'gzip' }), null],
    ['white space', answer(' \n'), null],
    ['text', answer('{"half":', { contentType: 'text/plain' }), '{"half":'],
    ['something of no type', answer('{"half":', { contentType: undefined }), '{"half":'],
    ['JSON of no type', answer('{"a":1}', { contentType: undefined }), { a: 1 }],
    ['both halves of a pair', answer('"\\ud83d\\ude00"'), '😀'],
  ])('with %s is a result', (_what, given, result) => {
    expect(readAnswer(given)).toEqual({ result });
  });

  test('may be nested as deeply as what callers send', () => {
    expect(readAnswer(answer(nested(1_000)))).toHaveProperty('result');
  });

  test.each<[string, ReceiverAnswer, string]>([
    ['more nesting than that', answer(nested(50_000)), 'deeper than 1000'],
    ['JSON that was cut off', answer('{"half":'), 'JSON'],
    ['bytes that are not UTF-8', answer(Buffer.from('22ff22', 'hex')), 'not UTF-8'],
    ['half of a pair', answer('"\\ud83d"'), 'surrogate'],
    ['a body that is compressed', answer(gzipSync('{"a":1}'), { contentEncoding: 'gzip' }), 'encoded (gzip)'],
  ])('with %s ends the task', (_what, given, message) => {
    const outcome = readAnswer(given);
    expect(outcome).toEqual({
      failure: {
        error: {
          code: 'http_result_invalid',
          message: expect.stringContaining(message),
          details: { status: 200, body: expect.any(String) },
        },
        retryable: false,
      },
    });
    expect(JSON.stringify(outcome).length).toBeLessThan(2_000);
  });
});

test.each([
  ['120', 120_000],
  ['9'.repeat(12), 100 * 365 * 86_400_000],
  ['9'.repeat(400), 100 * 365 * 86_400_000],
  ['Fri, 31 Dec 9999 23:59:59 GMT', 100 * 365 * 86_400_000],
  ['0', undefined],
  ['-5', undefined],
  ['soon', undefined],
  [undefined, undefined],
])('Retry-After: %s is a wait of %s ms', (header, millis) => {
  expect(retryAfter(header).retryAfterMillis).toBe(millis);
});

test('the longest wait of a task is a week, however much more is asked for', () => {
  const { retryAfterMillis } = retryAfter('9'.repeat(20));
  expect(readAnswer(answer('', { status: 503, retryAfterMillis }))).toMatchObject({
    failure: { retryable: true, retryAfterSeconds: 604_800 },
  });
});
