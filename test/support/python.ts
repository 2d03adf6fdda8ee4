import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from './temporary-folder.ts';

/** The code of a web page that lost its indentation. @param levels a digit for each line that is not empty; spaces in it mean nothing */
export function indented(code: string, levels: string): string {
  const digits = [...levels.replaceAll(' ', '')].map(Number);
  const lines = code.trim().split('\n');
  if (lines.filter(Boolean).length !== digits.length) throw new Error(`${digits.length} levels for ${lines.filter(Boolean).length} lines`);
  return lines.map((line) => line && '    '.repeat(digits.shift() ?? 0) + line).join('\n');
}

interface PythonRun {
  /** Saved as program.py; `main` can import it. */
  readonly program: string;
  readonly main: string;
  readonly env: Readonly<Record<string, string>>;
  /** Files beside them, by name. Their paths go into `env` as they are named there: `./name`. */
  readonly files: Readonly<Record<string, string>>;
}

/** What it printed. @throws Error with what it said when it failed */
export async function runPython({ program, main, env, files }: PythonRun): Promise<string> {
  await using folder = await temporaryFolder();
  for (const [name, text] of Object.entries({ ...files, 'program.py': program, 'main.py': main }))
    await writeFile(join(folder.path, name), text);
  const options = { cwd: folder.path, env: { PATH: process.env.PATH ?? '', ...env }, timeout: 120_000 };
  const { stdout } = await promisify(execFile)('python3', ['main.py'], options);
  return stdout;
}
