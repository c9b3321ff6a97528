/**
 * Spreadsheets run cells that begin like this as formulas; an apostrophe makes them text (OWASP, "CSV injection").
 * Apostrophes before such a beginning count in, so that taking one off again always gives back the value.
 */
const formula = /^'*[=+\-@\t\r]/;
/** Begins like one and is nothing but a value. */
const plainNumber = /^[+-]?\d+(\.\d+)?$/;

/** A text as a cell that no spreadsheet runs. */
export function safeCell(text: string): string {
  return formula.test(text) && !plainNumber.test(text) ? `'${text}` : text;
}

/** The text of a cell that may have been made safe. */
export function readCell(cell: string): string {
  return cell.startsWith("'") && formula.test(cell) ? cell.slice(1) : cell;
}
