import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { type Table, tables } from './table.ts';

/**
 * Puts the tables that were printed since the last call between the marks of a section of a Markdown file.
 * @param loadBefore the machine's load when the run began
 */
export function writeSection(file: string, section: string, loadBefore: number): void {
  const text = readFileSync(file, 'utf8');
  const [begin, end] = ['begin', 'end'].map((side) => `<!-- measured ${section}: ${side} -->`) as [
    string,
    string,
  ];
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`${file} has no ${begin} … ${end}`);
  const measured = [machine(loadBefore), ...tables.splice(0).map(toMarkdown)].join('\n\n');
  writeFileSync(file, `${before}${begin}\n${measured}\n${end}${after}`);
}

/** What others did on the machine shows in its load before the run. */
export function machine(loadBefore: number): string {
  const gigabytes = Math.round(totalmem() / 1024 ** 3);
  return (
    `Measured on ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC: ${cpus().length} × ${cpus()[0]?.model.trim()}, ` +
    `${gigabytes} GB, Node ${process.versions.node}; load ${loadBefore.toFixed(1)} before the run, ${(loadavg()[0] ?? 0).toFixed(1)} at its end.`
  );
}

function toMarkdown({ title, columns, rows, numeric }: Table): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [
    `**${title}**`,
    '',
    line(columns),
    line(numeric.map((right) => (right ? '---:' : '---'))),
    ...rows.map((cells) => line(cells.map((cell) => cell.replaceAll('|', '\\|')))),
  ].join('\n');
}
