/** Where a task can be in its life. */
export const taskStates = [
  /** Later: it has a start of its own, or waits for its next attempt. */
  'scheduled',
  /** Waits for the tasks that it depends on. */
  'blocked',
  'ready',
  /** Someone holds its lease. */
  'claimed',
  'completed',
  /** Its attempts are used up, or it failed for good. */
  'dead',
  'cancelled',
  /** Its latest start or its deadline has passed. */
  'expired',
] as const;
export type TaskState = (typeof taskStates)[number];

interface Transition {
  from: readonly TaskState[];
  to: readonly TaskState[];
  /** What must hold beside the state, in words; the code that writes the transition makes it a condition. */
  guard?: string;
}

/** Every way from one state to another. A write that moves a task names its transition, and no other exists. */
export const transitions = {
  claim: {
    from: ['ready', 'scheduled', 'claimed'],
    to: ['claimed', 'dead', 'expired', 'cancelled'],
    guard:
      'its time has come or its lease has ended; with no attempt left, too late or cancelled it ends instead',
  },
  heartbeat: { from: ['claimed'], to: ['claimed'], guard: 'the current lease token' },
  complete: { from: ['claimed'], to: ['completed'], guard: 'the current lease token' },
  completeByHand: { from: ['ready', 'scheduled'], to: ['completed'], guard: 'a person does it' },
  fail: {
    from: ['claimed'],
    to: ['ready', 'scheduled', 'dead', 'cancelled'],
    guard: 'the current lease token; cancelled when that was asked for meanwhile',
  },
  release: {
    from: ['claimed'],
    to: ['ready', 'scheduled', 'cancelled'],
    guard: 'the current lease token; cancelled when that was asked for meanwhile',
  },
  cancel: { from: ['scheduled', 'blocked', 'ready'], to: ['cancelled'] },
  /** The holder learns of it with its next heartbeat. */
  requestCancel: { from: ['claimed'], to: ['claimed'] },
  /** Parents that are still at work hold it again. */
  retry: { from: ['dead', 'cancelled', 'expired'], to: ['ready', 'blocked'] },
  reopen: { from: ['completed'], to: ['ready', 'blocked'], guard: 'a person does it' },
  /** A parent has ended: the last that held it lets it go, one that failed may take it along. */
  unblock: {
    from: ['blocked'],
    to: ['ready', 'scheduled', 'cancelled'],
    guard: 'it waits for no other parent, or one has failed',
  },
  expire: {
    from: ['scheduled', 'blocked', 'ready', 'claimed'],
    to: ['expired'],
    guard: 'past its deadline, or past its latest start and never claimed',
  },
  /** Programs claim a scheduled task straight from its due time, unless others are before it. */
  start: {
    from: ['scheduled'],
    to: ['ready'],
    guard: 'its start has come; of a to-do the clock sees that, of others a claim that passes them over',
  },
} as const satisfies Record<string, Transition>;
export type TransitionName = keyof typeof transitions;

/** True when the transition leaves from this state. */
export function isAllowed(transition: TransitionName, state: TaskState): boolean {
  return (transitions[transition].from as readonly TaskState[]).includes(state);
}

const endStates: readonly TaskState[] = ['completed', 'dead', 'cancelled', 'expired'];

/** True when nothing happens to the task any more by itself. */
export function hasEnded(state: TaskState): boolean {
  return endStates.includes(state);
}
