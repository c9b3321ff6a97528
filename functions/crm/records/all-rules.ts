import type { PlannedWrite } from '../../shared/write-plan.ts';
import type { CrmRecord } from './entity.ts';
import type { Decided, RecordRules } from './rules.ts';

/** Several rules as one: each decides on what those before it have left, and all that they want written is written. */
export function allRules(...rules: RecordRules[]): RecordRules {
  return {
    watched: [...new Set(rules.flatMap(({ watched }) => watched))],
    async watchedToo(actor) {
      const watched = await Promise.all(rules.map((rule) => rule.watchedToo?.(actor) ?? []));
      return watched.flat();
    },
    async ready(actor) {
      for (const { ready } of rules) await ready?.(actor);
    },
    create: (draft, actor, input) =>
      oneAfterTheOther(draft, rules, ({ create }, record) => create?.(record, actor, input)),
    update: (before, draft, actor, patch) =>
      oneAfterTheOther(draft, rules, ({ update }, record) => update?.(before, record, actor, patch)),
    async remove(before, actor) {
      const writes: PlannedWrite[] = [];
      for (const { remove } of rules) writes.push(...((await remove?.(before, actor)) ?? []));
      return writes;
    },
    restore: (draft, actor) =>
      oneAfterTheOther(draft, rules, ({ restore }, record) => restore?.(record, actor)),
  };
}

async function oneAfterTheOther(
  draft: CrmRecord,
  rules: RecordRules[],
  decide: (rule: RecordRules, record: CrmRecord) => Promise<Decided> | undefined,
): Promise<Decided> {
  let decided: Decided = { record: draft, writes: [] };
  for (const rule of rules) {
    const { record, writes } = (await decide(rule, decided.record)) ?? { ...decided, writes: [] };
    decided = { record, writes: [...decided.writes, ...writes] };
  }
  return decided;
}
