import { AsyncLocalStorage } from 'node:async_hooks';
import type { buildApp } from 'fauxqs';

/** A SendMessage, or one entry of a SendMessageBatch. */
interface Sent {
  MessageBody?: string;
  MessageGroupId?: string;
}

/** Finds out the group of a message while it is sent: fauxqs 2.4.1 keeps it for FIFO queues only. */
export interface MessageGroups {
  /** The group of a message that is being put into a queue; each message of a call is asked for once. */
  groupOf(body: string): string | undefined;
}

/** @param app fauxqs, not yet listening */
export function watchGroups(app: ReturnType<typeof buildApp>): MessageGroups {
  const sending = new AsyncLocalStorage<Sent[]>();
  app.addHook('preHandler', (request, _reply, done) => {
    const body = request.body as (Sent & { Entries?: Sent[] }) | null | undefined;
    const messages = body?.Entries ?? (body?.MessageBody === undefined ? [] : [body]);
    if (messages.length === 0) done();
    else sending.run([...messages], done);
  });
  return {
    groupOf(body) {
      const messages = sending.getStore() ?? [];
      // Entries are put in their order, but for those that are refused.
      const at = messages.findIndex(({ MessageBody }) => MessageBody === body);
      const [sent] = at < 0 ? [] : messages.splice(at, 1);
      return sent?.MessageGroupId;
    },
  };
}
