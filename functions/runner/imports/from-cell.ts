import type { CellKind } from '../../tasks/imports/record-columns.ts';

/** A cell as the value that it stands for; one that stands for none of its kind stays text, for the schema to refuse. */
export function fromCell(cell: string, kind: CellKind): unknown {
  switch (kind) {
    case 'number':
      return numberOf(cell) ?? cell;
    case 'boolean':
      return booleanOf(cell) ?? cell;
    case 'list':
      return listOf(cell);
    case 'json':
      return jsonOf(cell) ?? cell;
    default:
      return cell;
  }
}

function numberOf(cell: string): number | undefined {
  return /^-?\d+(\.\d+)?$/.test(cell) ? Number(cell) : undefined;
}

function booleanOf(cell: string): boolean | undefined {
  const text = cell.toLowerCase();
  return text === 'true' || text === 'false' ? text === 'true' : undefined;
}

/** Texts between semicolons or commas, or a JSON array where a text has one of these itself. */
function listOf(cell: string): unknown {
  if (cell.startsWith('[')) return jsonOf(cell) ?? cell;
  const texts = cell.split(/[;,]/).map((text) => text.trim());
  return [...new Set(texts.filter((text) => text !== ''))];
}

function jsonOf(cell: string): unknown {
  try {
    return JSON.parse(cell);
  } catch {
    return undefined;
  }
}
