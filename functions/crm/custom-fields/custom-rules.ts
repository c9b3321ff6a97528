import { isPlainObject } from '../../shared/merge-patch.ts';
import { validationFailed } from '../../shared/problem.ts';
import type { RecordRules } from '../records/rules.ts';
import { checkCustom } from './check-custom.ts';
import type { CustomEntity } from './custom-field.ts';
import { forgetFields, knownFields } from './find-custom-fields.ts';

/**
 * Checks the member `custom` of an entity against the tenant's fields. Those are up to 30 s old, so before anything
 * is refused they are read again: what was defined just now is never refused.
 */
export function customRules(entity: CustomEntity): RecordRules {
  return {
    watched: ['custom'],
    async create(draft, { caller }, input) {
      const custom = await checked(caller.tenantId, undefined, membersOf(input.custom));
      return { record: { ...draft, custom }, writes: [] };
    },
    async update(before, draft, { caller }, patch) {
      if (patch.custom === undefined) return { record: draft, writes: [] };
      const custom = await checked(caller.tenantId, membersOf(before.custom), membersOf(patch.custom));
      return { record: { ...draft, custom }, writes: [] };
    },
  };

  async function checked(
    tenantId: string,
    before: Record<string, unknown> | undefined,
    given: Record<string, unknown>,
  ): Promise<Record<string, unknown>> {
    const first = checkCustom(await knownFields(tenantId, entity), before, given);
    if (first.errors.length === 0) return first.custom;
    forgetFields(tenantId, entity);
    const { custom, errors } = checkCustom(await knownFields(tenantId, entity), before, given);
    if (errors.length > 0) throw validationFailed(errors.slice(0, 50));
    return custom;
  }
}

const membersOf = (value: unknown) => (isPlainObject(value) ? value : {});
