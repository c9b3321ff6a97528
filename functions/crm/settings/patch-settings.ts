import { auditWrite } from '../../platform/audit/audit-write.ts';
import type { Actor } from '../../shared/actor.ts';
import { instant } from '../../shared/clock.ts';
import { requireVersion, type VersionCondition } from '../../shared/etag.ts';
import { applyMergePatch } from '../../shared/merge-patch.ts';
import { validate } from '../../shared/validation.ts';
import { carryOut, type WritePlan } from '../../shared/write-plan.ts';
import { carryOutPlanned } from '../records/carry-out-planned.ts';
import { readSettings, settingsCache, settingsKey } from './find-settings.ts';
import { initialSettings, type Settings, type SettingsPatch, settingsMembers } from './settings.ts';

/**
 * Changes the settings of the caller's tenant. Other sandboxes go by the old ones for up to 30 s.
 * @throws {Problem} `validation_failed`, `precondition_failed`
 */
export async function patchSettings(
  patch: SettingsPatch,
  actor: Actor,
  ifMatch?: VersionCondition,
): Promise<Settings> {
  const settings = await carryOutPlanned(
    () => planPatch(patch, actor, ifMatch),
    ({ writes }) => carryOut(writes),
  );
  settingsCache.forget(actor.caller.tenantId);
  return settings;
}

async function planPatch(
  patch: SettingsPatch,
  actor: Actor,
  ifMatch: VersionCondition | undefined,
): Promise<WritePlan<Settings>> {
  const { caller } = actor;
  const before = await readSettings(caller.tenantId);
  requireVersion(ifMatch, before.version);
  const members = patched(before, patch);
  const settings: Settings = {
    ...members,
    version: before.version + 1,
    updatedAt: instant(),
    updatedBy: caller.subject,
  };
  return {
    result: settings,
    writes: [
      {
        write: {
          kind: 'put',
          table: 'platform',
          item: { ...settingsKey(caller.tenantId), ...settings },
          condition: {
            text: before.version === 0 ? 'attribute_not_exists(pk)' : '#version = :version',
            ...(before.version > 0 && {
              names: { '#version': 'version' },
              values: { ':version': before.version },
            }),
          },
        },
      },
      auditWrite(actor, {
        action: 'updated',
        entity: 'settings',
        id: 'settings',
        fields: Object.keys(patch).sort(),
      }),
    ],
  };
}

/** The members after a patch; those that it clears are as a tenant starts with them. */
export function patched(before: Settings, patch: SettingsPatch) {
  const { version: _version, updatedAt: _at, updatedBy: _by, ...members } = before;
  const merged = applyMergePatch(members, patch) as Partial<typeof members>;
  const assignment = { ...initialSettings.assignment, ...merged.assignment };
  const { contacts, deals } = assignment;
  return validate(settingsMembers, {
    ...initialSettings,
    ...merged,
    assignment: {
      contacts: { ...initialSettings.assignment.contacts, ...contacts },
      deals: { ...initialSettings.assignment.deals, ...deals },
    },
  });
}
