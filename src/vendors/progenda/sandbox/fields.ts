import { parseDate } from '../../../canonical/values';
import { refuseField, type Fields } from './requests';

/** Whether a body says something of a field; null counts. */
export const has = (fields: Fields, name: string): boolean => Object.hasOwn(fields, name);

/** Refuses a body that lacks one of the fields; blank is not lacking. */
export function demand(fields: Fields, names: readonly string[]): void {
  for (const name of names)
    if (fields[name] === undefined || fields[name] === null) throw refuseField(name, 'is missing');
}

/** A field's value where the body has it, else what was. */
export const given = <T>(
  fields: Fields,
  name: string,
  read: (value: unknown, name: string) => T,
  was: T,
): T => (has(fields, name) ? read(fields[name], name) : was);

/** Text that may be blank, but not something else. */
export function words(value: unknown, name: string): string {
  if (typeof value !== 'string') throw refuseField(name, 'must be a string');
  return value;
}

/** Text or nothing; Progenda's own samples send `false` for no notes. */
export function wordsOrNone(value: unknown, name: string): string | null {
  return value === null || value === false || value === '' ? null : words(value, name);
}

/** A caller's id: a string, or (in one table of the documentation) an integer. */
export function remoteId(value: unknown, name: string): string {
  const id =
    typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : words(value, name).trim();
  if (id === '') throw refuseField(name, "can't be blank");
  return id;
}

/** A calendar day, or nothing. */
export function day(value: unknown, name: string): string | null {
  const written = wordsOrNone(value, name);
  if (written !== null && parseDate(written) === null) throw refuseField(name, 'must be yyyy-mm-dd');
  return written;
}

/** Unix seconds as an integer or its digits. */
export function timestamp(value: unknown, name: string): number {
  const written = typeof value === 'number' ? String(value) : value;
  if (typeof written !== 'string' || !/^\d{1,12}$/.test(written))
    throw refuseField(name, 'must be a timestamp');
  return Number(written);
}

/** Unix seconds, or nothing. */
export const timestampOrNone = (value: unknown, name: string): number | null =>
  value === null || value === '' ? null : timestamp(value, name);

/** `#xxyyzz`, or nothing. */
export function colorOrNone(value: unknown, name: string): string | null {
  const written = wordsOrNone(value, name);
  if (written !== null && !/^#[0-9a-f]{6}$/i.test(written))
    throw refuseField(name, 'must be formatted as #xxyyzz');
  return written;
}

/** A boolean. */
export function flag(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw refuseField(name, 'must be a boolean');
  return value;
}

/** A positive number of minutes. */
export function minutes(value: unknown, name: string): number {
  const written = typeof value === 'number' ? value : Number(words(value, name));
  if (!Number.isInteger(written) || written < 1) throw refuseField(name, 'must be a number of minutes');
  return written;
}
