import { auditWrite } from '../../platform/audit/audit-write.ts';
import type { Actor } from '../../shared/actor.ts';
import { instant } from '../../shared/clock.ts';
import {
  type PutConditions,
  requireConditions,
  requireVersion,
  type VersionCondition,
} from '../../shared/etag.ts';
import { notFound, Problem, validationFailed } from '../../shared/problem.ts';
import { carryOut, type WritePlan } from '../../shared/write-plan.ts';
import { carryOutPlanned } from '../records/carry-out-planned.ts';
import {
  type CustomEntity,
  type CustomField,
  type CustomFieldInput,
  type CustomFieldType,
  maxFields,
  staysReadable,
} from './custom-field.ts';
import { type FieldSet, fieldSetKey, forgetFields, readFieldSet } from './find-custom-fields.ts';

/** All fields of an entity as JSON, with the names of deleted ones: an item ends at 400 KB (AWS). */
const maxBytes = 350_000;

/**
 * Defines a field or changes it; the same definition again changes nothing.
 * @throws {Problem} `validation_failed`, also for a type that values of the field do not have; `precondition_failed`
 */
export async function putCustomField(
  entity: CustomEntity,
  name: string,
  input: CustomFieldInput,
  actor: Actor,
  conditions: PutConditions = {},
): Promise<{ created: boolean; field: CustomField }> {
  requireOptions(input);
  return changeFields(entity, name, actor, (set) => {
    const before = set.fields.find((field) => field.name === name);
    requireConditions(conditions, before?.version);
    const deletedType = Object.hasOwn(set.deleted, name) ? set.deleted[name] : undefined;
    requireType(before?.type ?? deletedType, input.type, before !== undefined);
    if (!before && set.fields.length >= maxFields) {
      throw new Problem('validation_failed', `The ${entity} has ${maxFields} custom fields, and no more fit`);
    }
    const { type, label, description = null, required, options = null } = input;
    const wanted = { entity, name, type, label, description, required, options };
    if (before && sameDefinition(before, wanted)) return { result: { created: false, field: before } };
    const at = instant();
    const { subject } = actor.caller;
    const field: CustomField = {
      ...wanted,
      version: (before?.version ?? 0) + 1,
      createdAt: before?.createdAt ?? at,
      updatedAt: at,
      createdBy: before?.createdBy ?? subject,
      updatedBy: subject,
    };
    const { [name]: _back, ...deleted } = set.deleted;
    const others = set.fields.filter((other) => other.name !== name);
    const fields = [...others, field].sort((a, b) => (a.name < b.name ? -1 : 1));
    if (Buffer.byteLength(JSON.stringify([fields, deleted])) > maxBytes) {
      throw new Problem(
        'validation_failed',
        `The fields of ${entity} are too large together; shorten options`,
      );
    }
    const action = before ? 'updated' : 'created';
    return { result: { created: !before, field }, set: { ...set, fields, deleted }, action };
  });
}

/**
 * Deletes a definition. Values that records have stay readable and can be cleared; the field comes back with them
 * when it is defined again.
 * @throws {Problem} `not_found`, `precondition_failed`
 */
export async function deleteCustomField(
  entity: CustomEntity,
  name: string,
  actor: Actor,
  ifMatch?: VersionCondition,
): Promise<void> {
  await changeFields(entity, name, actor, (set) => {
    const field = set.fields.find((candidate) => candidate.name === name);
    if (!field) throw notFound(`custom field of ${entity}`, name);
    requireVersion(ifMatch, field.version);
    const fields = set.fields.filter((other) => other !== field);
    const deleted = { ...set.deleted, [name]: field.type };
    return { result: undefined, set: { ...set, fields, deleted }, action: 'deleted' };
  });
}

/** Reads, decides and writes on the version that was read, again when another change was faster. */
async function changeFields<Result>(
  entity: CustomEntity,
  name: string,
  actor: Actor,
  decide: (set: FieldSet) => { result: Result; set?: FieldSet; action?: string },
): Promise<Result> {
  const { tenantId } = actor.caller;
  const result = await carryOutPlanned(
    async () => {
      const before = await readFieldSet(tenantId, entity);
      const { result, set, action = 'updated' } = decide(before);
      if (!set) return { result, writes: [] };
      const audit = auditWrite(actor, { action, entity: 'custom_field', id: `${entity}.${name}` });
      return { result, writes: [writeOf(tenantId, entity, before, set), audit] };
    },
    ({ writes }) => carryOut(writes),
  );
  forgetFields(tenantId, entity);
  return result;
}

function writeOf(
  tenantId: string,
  entity: CustomEntity,
  { version }: FieldSet,
  { fields, deleted }: FieldSet,
): WritePlan<unknown>['writes'][number] {
  return {
    write: {
      kind: 'put',
      table: 'platform',
      item: { ...fieldSetKey(tenantId, entity), version: version + 1, fields, deleted },
      condition:
        version === 0
          ? { text: 'attribute_not_exists(pk)' }
          : {
              text: '#version = :version',
              names: { '#version': 'version' },
              values: { ':version': version },
            },
    },
  };
}

function sameDefinition(
  before: CustomField,
  wanted: Omit<CustomField, 'version' | `${string}${'At' | 'By'}`>,
) {
  return Object.entries(wanted).every(
    ([member, value]) => JSON.stringify(before[member as keyof CustomField]) === JSON.stringify(value),
  );
}

/** @throws {Problem} `validation_failed` */
function requireOptions({ type, options }: CustomFieldInput): void {
  const chosen = type === 'select' || type === 'multiselect';
  if (chosen && !options) throw refused('/options', 'required', `is required for the type ${type}`);
  if (!chosen && options)
    throw refused('/options', 'unknown_field', `is for the types select and multiselect only`);
  if (options && new Set(options).size < options.length) {
    throw refused('/options', 'duplicate', 'must not name an option twice');
  }
}

/** @throws {Problem} `validation_failed` */
function requireType(old: CustomFieldType | undefined, wanted: CustomFieldType, living: boolean): void {
  if (old === undefined || staysReadable(old, wanted)) return;
  const what = living ? 'cannot be changed' : 'cannot differ from that of the deleted field of this name';
  throw refused(
    '/type',
    'read_only',
    `${what} from ${old} to ${wanted}, since records may have values of it; define a field under another name`,
  );
}

const refused = (pointer: string, code: string, message: string) =>
  validationFailed([{ pointer, code, message }]);
