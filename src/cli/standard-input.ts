import { isUtf8 } from 'node:buffer';
import { InvalidValueError } from '../domain/errors.ts';

/** Everything up to the end. */
export async function readStandardInput(): Promise<string> {
  return decode(await Array.fromAsync<Buffer>(process.stdin));
}

/** The first line, without its end. Does not wait for more. */
export async function readLine(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) {
    chunks.push(chunk);
    if (chunk.includes('\n')) break;
  }
  return decode(chunks).split(/\r?\n/, 1)[0] ?? '';
}

/** Replaced by a question mark, a character in another encoding would make a password nobody can type again. */
function decode(chunks: readonly Buffer[]): string {
  const bytes = Buffer.concat(chunks);
  if (!isUtf8(bytes)) throw new InvalidValueError('standard input', 'Standard input is not UTF-8 text. Send it in that encoding.');
  return bytes.toString('utf8');
}
