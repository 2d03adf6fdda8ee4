/** What a command has to say: one document for machines, or text for people. */
export interface Answer {
  readonly document: unknown;
  readonly text: () => string;
}

/** Control and direction characters, but for the end of a line. */
const UNPRINTABLE = /[^\P{Cc}\n]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Escapes what a terminal would obey, so that a stored text (the name somebody tried to sign in with) cannot rule it. JSON stays the same JSON. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

export function toJson(document: unknown): string {
  return JSON.stringify(document, undefined, 2);
}

/** Columns as wide as their widest cell; an empty cell is a dash. */
export function table(headings: readonly string[], rows: readonly (readonly (string | undefined)[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell || '-'));
  const widths = headings.map((heading, column) => Math.max(...[heading, ...cells.map((row) => row[column] ?? '')].map(lengthOf)));
  return [headings, ...cells].map((row) => line(row, widths)).join('\n');
}

/** One line for each property, several for a list. */
export function properties(values: Readonly<Record<string, string | readonly string[] | undefined>>): string {
  const rows = Object.entries(values).flatMap(([name, value]) =>
    typeof value === 'object' && value.length > 0
      ? value.map((item, index) => [index === 0 ? name : '', item])
      : [[name, String(value ?? '')]],
  );
  const width = Math.max(...rows.map(([name = '']) => name.length));
  return rows.map(([name = '', value]) => line([name, value || '-'], [width, 0])).join('\n');
}

/** ISO 8601 to the second. */
export function moment(at: Date): string {
  return at.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** How long something lasts, in words: `20 minutes`. */
export function duration(seconds: number): string {
  const [unit, size] =
    seconds % 3600 === 0 ? (['hour', 3600] as const) : seconds % 60 === 0 ? (['minute', 60] as const) : (['second', 1] as const);
  const count = seconds / size;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

function lengthOf(text: string): number {
  return [...text].length;
}

function line(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - lengthOf(cell))))
    .join('  ')
    .trimEnd();
}
