import type { Actor } from '../../shared/actor.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';
import type { CrmRecord } from './entity.ts';

/** A record as the rules leave it, and what has to be written with it in the same transaction. */
export interface Decided {
  record: CrmRecord;
  writes: PlannedWrite[];
}

/**
 * What follows from a write beyond the record's own fields: derived members, writes of other items in the same
 * transaction, refusals. Rules read what they need and decide; they never write. A write that lost a race is
 * decided again, so they may run more than once.
 */
export interface RecordRules {
  /** Fields whose change the rules have to see. A patch of none of them is written without reading the record. */
  watched: readonly string[];
  /** Further ones, where the tenant has decided so. */
  watchedToo?(actor: Actor): Promise<readonly string[]>;
  /** Makes what every tenant has without anybody making it; called before records are read. */
  ready?(actor: Actor): Promise<void>;
  /** @param draft the new record, defaults filled in, derived members `null`; @param input as sent. @throws {Problem} */
  create?(draft: CrmRecord, actor: Actor, input: Record<string, unknown>): Promise<Decided>;
  /** @param before as it stands; @param draft with the patch applied; @param patch as sent. @throws {Problem} */
  update?(
    before: CrmRecord,
    draft: CrmRecord,
    actor: Actor,
    patch: Record<string, unknown>,
  ): Promise<Decided>;
  /** @returns what to write with the deletion. @throws {Problem} `invalid_transition` when it must stay */
  remove?(before: CrmRecord, actor: Actor): Promise<PlannedWrite[]>;
  /** @param draft the record as it comes back. @throws {Problem} */
  restore?(draft: CrmRecord, actor: Actor): Promise<Decided>;
}

/** An entity without rules of its own. */
export const noRules: RecordRules = { watched: [] };
