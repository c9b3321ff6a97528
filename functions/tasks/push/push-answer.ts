import { STATUS_CODES } from 'node:http';
import { beginningOf } from '../../shared/beginning-of.ts';
import { nameOfFailure, type ReceiverAnswer } from '../../shared/outgoing/post.ts';
import { AddressRefused } from '../../shared/outgoing/public-address.ts';
import { decodeStrictly, parseStrictly } from '../../shared/strict-json.ts';
import type { FailInput } from '../lease/settle.ts';

/** What a call means for the task: its result, or a failed attempt. */
export type PushOutcome = { result: unknown } | { failure: Omit<FailInput, 'leaseToken'> };

/** The largest answer that is read, in bytes; what of it can be kept depends on the input beside it. */
export const maxAnswerBytes = 256 * 1024;

/** What of an answer is kept on a failed attempt, in characters. */
const keptText = 1_000;
const keptInMessage = 200;

/** 4xx that mean: not now. Every other 4xx will be the same again. */
const transient = [408, 409, 425, 429];
/** The longest wait that a receiver can ask for: a week. */
const longestWaitSeconds = 604_800;

/** What an answer means for the task. */
export function readAnswer(answer: ReceiverAnswer): PushOutcome {
  const { status, truncated } = answer;
  if (status < 200 || status >= 300) return { failure: refusal(answer) };
  if (truncated) {
    return failed('http_result_too_large', `The answer has more than ${maxAnswerBytes} bytes`, {
      retryable: false,
      details: { status },
    });
  }
  return readResult(answer);
}

/** What it means that there was no answer. @param seconds the time limit of the call */
export function readError(error: unknown, seconds: number): PushOutcome {
  if (error instanceof AddressRefused) {
    const message = 'The address is private and is not called';
    return failed('http_address_refused', message, { retryable: false });
  }
  const name = nameOfFailure(error);
  if (name === 'timeout')
    return failed('http_timeout', `There was no answer within ${seconds} s`, { retryable: true });
  return failed('http_connection_failed', `The receiver could not be reached: ${name}`, { retryable: true });
}

function refusal(answer: ReceiverAnswer): Omit<FailInput, 'leaseToken'> {
  const { status, retryAfterMillis } = answer;
  const text = readable(answer);
  const reason = STATUS_CODES[status] ?? '';
  const beginning = text === '' ? '' : `: ${beginningOf(text, keptInMessage)}`;
  const hint = status >= 300 && status < 400 ? '; redirects are not followed' : '';
  return {
    error: {
      code: `http_${status}`,
      message: `The receiver answered ${status} ${reason}`.trimEnd() + hint + beginning,
      details: { status, body: beginningOf(text, keptText) },
    },
    retryable: status >= 500 || transient.includes(status),
    ...(retryAfterMillis !== undefined && {
      retryAfterSeconds: Math.min(longestWaitSeconds, Math.ceil(retryAfterMillis / 1_000)),
    }),
  };
}

/** JSON as it is, other text as a string, nothing as `null`. */
function readResult(answer: ReceiverAnswer): PushOutcome {
  const { contentType, contentEncoding, body } = answer;
  if (body.length === 0) return { result: null };
  if (contentEncoding !== undefined) {
    const named = beginningOf(contentEncoding, 50);
    return invalid(`The answer is encoded (${named}), which was not asked for`, answer);
  }
  const text = body.toString('utf8');
  if (text.trim() === '') return { result: null };
  const [type = ''] = (contentType ?? '').toLowerCase().split(';');
  if (contentType !== undefined && !/^application\/(?:[\w.-]+\+)?json$/.test(type.trim())) {
    return { result: text };
  }
  try {
    return { result: parseStrictly(decodeStrictly(body)) };
  } catch (error) {
    // Without a type nothing was promised.
    if (contentType === undefined) return { result: text };
    const reason = error instanceof SyntaxError ? error.message.toWellFormed() : 'it is not UTF-8';
    return invalid(`The answer is no JSON that can be kept: ${reason}`, answer);
  }
}

/** The work is done, so it is not asked for again. */
function invalid(message: string, answer: ReceiverAnswer): PushOutcome {
  const details = { status: answer.status, body: beginningOf(readable(answer), keptText) };
  return failed('http_result_invalid', message, { retryable: false, details });
}

/** Control characters would only confuse whoever reads the history, and what is encoded says nothing. */
function readable({ body, contentEncoding }: ReceiverAnswer): string {
  if (contentEncoding !== undefined) return '';
  return body
    .toString('utf8')
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim();
}

/** A failed attempt without an answer to speak of. */
export function failed(
  code: string,
  message: string,
  { retryable, details }: { retryable: boolean; details?: unknown },
): PushOutcome {
  return { failure: { error: { code, message, ...(details !== undefined && { details }) }, retryable } };
}
