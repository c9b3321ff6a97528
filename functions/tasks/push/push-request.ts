import { signDelivery } from '../../shared/outgoing/signing.ts';
import type { TaskItem } from '../task.ts';
import { toView, withJsonMembers } from '../task-view.ts';

/** The body of a call: what a receiver needs to do the task. The input goes out byte for byte as it came in. */
export function pushBody(task: TaskItem): string {
  const { id, type, typeVersion, attempt, maxAttempts, title, priority, about, deadline, ...rest } =
    toView(task);
  const members = {
    id,
    type,
    typeVersion,
    attempt,
    maxAttempts,
    title,
    priority,
    about,
    deadline,
    schedule: 'schedule' in rest ? rest.schedule : null,
    createdAt: rest.createdAt,
    leaseExpiresAt: rest.leaseExpiresAt,
  };
  return withJsonMembers(members, { input: task.input });
}

/**
 * The id of a call: the same for as long as this attempt lasts and never used again, also not when the task is
 * retried by hand and its attempts count from 1 once more.
 */
export function pushId({ id, lease }: Pick<TaskItem, 'id' | 'lease'>): string {
  return `${id}.${lease}`;
}

/**
 * The headers of a call, signed as Standard Webhooks: a signature for each live secret.
 * @param at epoch milliseconds
 */
export function pushHeaders(
  task: TaskItem,
  body: string,
  secrets: readonly string[],
  at: number,
): Record<string, string> {
  const id = pushId(task);
  const timestamp = Math.floor(at / 1_000);
  return {
    'content-type': 'application/json',
    accept: 'application/json, text/plain;q=0.5, */*;q=0.1',
    'accept-encoding': 'identity',
    'user-agent': 'Tandem-Tasks/1',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': secrets.map((secret) => signDelivery(secret, id, timestamp, body)).join(' '),
  };
}
