import type { z } from 'zod';
import type { Fault } from './fault.ts';
import { DEFAULT_SOURCE, isSection, type Layer, mergeLayers, sourceOf, valueAt } from './layers.ts';
import { nearest } from './nearest.ts';
import { formatPath, type Path } from './path.ts';
import { choicesOf, expectation, type Schema, schemaAt } from './schema-tree.ts';
import { isSecret, withoutCredentials } from './secrets.ts';
import { unknownKey } from './unknown-keys.ts';

/** An issue of zod in plain words: one fault, or one for each unknown key. */
export function explainIssue(issue: z.core.$ZodIssue, schema: Schema, layers: readonly Layer[]): readonly Fault[] {
  const path = issue.path.filter((key) => typeof key !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey([...path, key], schema, placeOf(layers, [...path, key])));
  }
  const value = valueAt(mergeLayers(layers), path);
  const expected = schemaAt(schema, path) ?? schema;
  const source = placeOf(layers, path);
  const meant = typeof value === 'string' && nearest(value, choicesOf(expected));
  const mend = [meant ? `Did you mean ${meant}?` : '', correction(source), defaultOf(layers, path)].filter((sentence) => sentence !== '');
  return [{ path: formatPath(path), source, problem: problemOf(path, value, expectation(expected)), mend: mend.join(' ') }];
}

/** Quotes a value in a sentence, unless it is a secret. */
function quote(path: Path, value: unknown): string {
  if (isSecret(path)) return 'The value';
  const text = withoutCredentials(JSON.stringify(value));
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function problemOf(path: Path, value: unknown, expected: string): string {
  const isMissing = value === undefined || value === null || value === '';
  return isMissing ? `There is no value; it has to be ${expected}.` : `${quote(path, value)} is not ${expected}.`;
}

/** Where a value is set, or the section that lacks it. Lists replace each other, so an item comes from where its list does. */
function placeOf(layers: readonly Layer[], path: Path): string | undefined {
  const list = path.findIndex((key) => typeof key === 'number');
  if (list >= 0) return placeOf(layers, path.slice(0, list));
  return path.length === 0 ? undefined : (sourceOf(layers, path) ?? placeOf(layers, path.slice(0, -1)));
}

function correction(source: string | undefined): string {
  if (source === undefined || source === DEFAULT_SOURCE) return '';
  return source.startsWith('environment ') ? `Correct ${source.slice('environment '.length)}.` : `Correct it in ${source}.`;
}

function defaultOf(layers: readonly Layer[], path: Path): string {
  const value = path.some((key) => typeof key === 'number') ? undefined : valueAt(layers[0]?.values, path);
  return value === undefined || value === null || isSection(value) ? '' : `The default is ${quote(path, value)}.`;
}
