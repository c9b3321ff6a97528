import { describe, expect, test } from '@jest/globals';
import { company } from '../../functions/crm/companies/company.ts';
import { contact } from '../../functions/crm/contacts/contact.ts';
import { order } from '../../functions/crm/orders/order.ts';
import { recordLines } from '../../functions/runner/exports/record-lines.ts';
import { openCsv } from '../../functions/runner/imports/csv-source.ts';
import { openNdjson } from '../../functions/runner/imports/ndjson-source.ts';
import { identityOf } from '../../functions/runner/imports/row-identity.ts';
import { readCell, safeCell } from '../../functions/shared/csv-cell.ts';
import { planImport } from '../../functions/tasks/imports/import-input.ts';
import { withoutComputed, writableColumns } from '../../functions/tasks/imports/record-columns.ts';
import { fc } from '../support/property.ts';

const runs = { numRuns: 50 };

/** What people write, and what breaks files: quotes, delimiters, line breaks, beginnings of formulas, other scripts. */
const value = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    fc
      .array(
        fc.constantFrom('=', '+', '-', '@', "'", '"', ',', ';', '\n', '\r\n', 'a', '1', '[', 'é', '😀'),
        {
          minLength: 1,
          maxLength: 8,
        },
      )
      .map((parts) => parts.join('')),
  )
  .filter((text) => text.trim() === text && !/[\p{Cc}\uFEFF]/u.test(text.replaceAll(/[\r\n]/g, '')));

const record = fc.record({
  name: value,
  notes: fc.option(value),
  tags: fc.uniqueArray(value, { maxLength: 4 }),
  address: fc.option(fc.record({ city: value, line1: value })),
});

async function rowsOf(text: string, format: 'csv' | 'ndjson', pieces: number) {
  const plan = planImport({ entity: 'contacts', fileKey: 'x', mode: 'create', dryRun: false, format });
  const bytes = Buffer.from(text);
  async function* chunks() {
    const size = Math.max(1, Math.ceil(bytes.length / pieces));
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const source = await (format === 'csv' ? openCsv : openNdjson)(chunks(), plan);
  const rows = [];
  for await (const row of source.rows) rows.push(source.toFields(row));
  return rows;
}

describe('what an export writes, an import reads', () => {
  test.each(['csv', 'ndjson'] as const)(
    'as %s, whatever the texts are and wherever the file is cut',
    async (format) => {
      const property = fc.asyncProperty(
        fc.array(record, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 40 }),
        async (records, pieces) => {
          const columns = ['id', 'name', 'notes', 'tags', 'address.city', 'address.line1', 'version'];
          const { header, lines } = recordLines({ definition: contact, format, query: {} }, columns);
          const text = header + lines(records.map((one) => ({ id: 'con_1', version: 1, ...one })));
          const expected = records.map(({ name, notes, tags, address }) =>
            format === 'ndjson'
              ? { name, notes, tags, address }
              : {
                  name,
                  ...(notes && { notes }),
                  ...(tags.length > 0 && { tags }),
                  ...(address && { address }),
                },
          );
          expect(await rowsOf(text, format, pieces)).toEqual(expected);
        },
      );
      await fc.assert(property, runs);
    },
  );

  test('no cell begins a formula, and every cell is read back', () => {
    fc.assert(
      fc.property(value, (text) => {
        const cell = safeCell(text);
        expect(readCell(cell)).toBe(text);
        if (!/^[+-]?\d+(\.\d+)?$/.test(cell)) expect(cell).not.toMatch(/^[=+\-@\t\r]/);
      }),
      runs,
    );
  });
});

test('records of a file have ids in its order, the same in each run and others in another task', () => {
  const task = { id: 'task_1', createdAt: '2026-11-01T08:00:00.000Z' };
  const ids = [2, 3, 31, 32, 1_000_000].map((line) => identityOf('con', task, line).id);
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids.map((id) => id.length))).toEqual(new Set([30]));
  expect(identityOf('con', task, 2).id).toBe(ids[0]);
  expect(identityOf('con', { ...task, id: 'task_2' }, 2).id).not.toBe(ids[0]);
});

test('every member that can be set is a column, objects by their members', () => {
  const paths = writableColumns(company).map(({ path, kind }) => `${path} ${kind}`);
  expect(paths).toEqual(
    expect.arrayContaining(['name text', 'tags list', 'address.city text', 'parentId text']),
  );
  expect(writableColumns(contact)).toContainEqual({ path: 'score', kind: 'number' });
});

test('lines of an order can be sent as they were answered; what no line has stays, to be refused', () => {
  const sent = { productId: null, quantity: 2, unitPrice: 100 };
  const answered = { ...sent, subtotal: 200, discount: 0, tax: 0, total: 200, colour: 'red' };
  expect(withoutComputed(order, 'lines', [answered])).toEqual([{ ...sent, colour: 'red' }]);
  expect(withoutComputed(contact, 'tags', ['a'])).toEqual(['a']);
});
