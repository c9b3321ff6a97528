/** What a line needs to know of a message: who it is for. */
export interface Grouped {
  messageGroupId?: string;
}

/**
 * The visible messages of a queue, in the order of a fair standard queue of SQS: a group with many messages in
 * flight stands back behind the others, and among equals each group has its turn. Within a group the oldest comes
 * first. It takes the place of the array that fauxqs keeps, and has what fauxqs asks of that one.
 */
export class FairLine<Message extends Grouped> {
  /** In the order of their turns: who was served last is at the end. */
  readonly #groups = new Map<string, Message[]>();
  #inFlight = new Map<string, number>();
  #length = 0;

  constructor(messages: Iterable<Message> = []) {
    for (const message of messages) this.push(message);
  }

  get length(): number {
    return this.#length;
  }

  /** Call it before a receive. @param messages those in flight */
  countInFlight(messages: Iterable<Message>): void {
    this.#inFlight = new Map();
    for (const message of messages) this.#took(groupOf(message));
  }

  push(...messages: Message[]): number {
    for (const message of messages) {
      const group = groupOf(message);
      const line = this.#groups.get(group);
      if (line) line.push(message);
      else this.#groups.set(group, [message]);
    }
    this.#length += messages.length;
    return this.#length;
  }

  shift(): Message | undefined {
    const group = this.#next();
    const line = group === undefined ? undefined : this.#groups.get(group);
    const message = line?.shift();
    if (group === undefined || line === undefined || message === undefined) return undefined;
    this.#groups.delete(group);
    if (line.length > 0) this.#groups.set(group, line);
    this.#length -= 1;
    this.#took(group);
    return message;
  }

  *[Symbol.iterator](): Iterator<Message> {
    for (const line of this.#groups.values()) yield* line;
  }

  #took(group: string): void {
    this.#inFlight.set(group, (this.#inFlight.get(group) ?? 0) + 1);
  }

  /** The group with the fewest messages in flight; of several the one that has waited longest for its turn. */
  #next(): string | undefined {
    let next: string | undefined;
    let fewest = Infinity;
    for (const group of this.#groups.keys()) {
      const inFlight = this.#inFlight.get(group) ?? 0;
      if (inFlight < fewest) [next, fewest] = [group, inFlight];
    }
    return next;
  }
}

/** Messages without a group are one group. */
function groupOf({ messageGroupId = '' }: Grouped): string {
  return messageGroupId;
}
