import { now } from '../../shared/clock.ts';
import { post, type ReceiverAnswer } from '../../shared/outgoing/post.ts';
import type { TaskItem } from '../task.ts';
import type { HttpTarget } from '../types/definition.ts';
import { findType, typeAt } from '../types/type-registry.ts';
import { failed, maxAnswerBytes, type PushOutcome, readAnswer, readError } from './push-answer.ts';
import { pushBody, pushHeaders } from './push-request.ts';
import { liveSecrets } from './type-secret.ts';

/** What a lease of an `http` task lasts beyond the call, for settling it, in seconds. */
export const leaseMarginSeconds = 15;
/** No call is begun for less, in milliseconds. */
const shortestCall = 100;

/** A call that can be made once the task is leased. */
export interface PreparedPush {
  target: HttpTarget;
  /**
   * Calls the URL and reads the answer; nothing is written.
   * @param untilMillis when the call has to be over at the latest, epoch milliseconds
   */
  push(leased: TaskItem, untilMillis: number): Promise<PushOutcome>;
}

/**
 * Finds out where a task is sent and what signs it. The URL is that of the type as it stands, so that a receiver
 * that moves takes the waiting tasks along.
 * @throws {Error} when type or secrets cannot be read
 */
export async function preparePush({ tenantId, type, typeVersion }: TaskItem): Promise<PreparedPush> {
  const current = (await findType(tenantId, type)) ?? (await typeAt(tenantId, type, typeVersion));
  const target = current.http;
  if (!target) throw new Error(`the task type ${type} has no URL`);
  const secrets = await liveSecrets(tenantId, type);
  return { target, push: (leased, untilMillis) => push(leased, target, secrets, untilMillis) };
}

async function push(
  task: TaskItem,
  { url, timeoutSeconds }: HttpTarget,
  secrets: readonly string[],
  untilMillis: number,
): Promise<PushOutcome> {
  if (secrets.length === 0) {
    return failed('http_no_secret', 'The type has no secret to sign with; rotate it to get one', {
      retryable: true,
    });
  }
  const at = now().getTime();
  const ends = [
    untilMillis,
    at + timeoutSeconds * 1_000,
    task.deadline ? Date.parse(task.deadline) : Infinity,
  ];
  const timeoutMillis = Math.max(shortestCall, Math.min(...ends) - at);
  const body = pushBody(task);
  const headers = pushHeaders(task, body, secrets, at);
  let answer: ReceiverAnswer;
  try {
    answer = await post(url, headers, body, { timeoutMillis, maxBodyBytes: maxAnswerBytes });
  } catch (error) {
    return readError(error, Math.round(timeoutMillis / 100) / 10);
  }
  return readAnswer(answer);
}
