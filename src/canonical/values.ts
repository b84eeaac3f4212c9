/** A point in time as RFC 3339 in UTC with milliseconds: `2022-08-17T09:00:00.000Z`. */
export type Instant = string;
/** A day of the calendar, `YYYY-MM-DD`, never shifted by a time zone. */
export type CalendarDate = string;

/** A record that cannot be read: what it must have is missing, or has another form. It is set aside, never guessed. */
export class InvalidRecord extends Error {
  constructor(
    readonly field: string,
    reason: string,
  ) {
    super(`${field} ${reason}`);
    this.name = 'InvalidRecord';
  }
}

/** The value, or InvalidRecord where the vendor left out what its documentation promises. */
export function required<T>(value: T | null | undefined, field: string): T {
  if (value === null || value === undefined || value === '') throw new InvalidRecord(field, 'is missing');
  return value;
}

/** Trimmed text without NUL and half surrogate pairs (PostgreSQL keeps neither); null for null, blank, and anything that is no text (some vendors send `false` for "none"). */
export function text(value: unknown): string | null {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return null;
  const trimmed = value
    .replace(/\p{Cs}/gu, '\ufffd')
    .replaceAll('\u0000', '')
    .trim();
  return trimmed === '' ? null : trimmed;
}

const LONGEST_ID = 255;

/** An id as a string, whether the vendor wrote it as a number or as text. InvalidRecord where there is none. */
export function idText(value: unknown, field: string): string {
  const id = required(text(value), field);
  if (id.length > LONGEST_ID) throw new InvalidRecord(field, 'is longer than any id');
  return id;
}

/** An e-mail address lower-cased and trimmed, or null. */
export const email = (value: unknown): string | null => text(value)?.toLowerCase() ?? null;

const INSTANT =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?([Zz]|[+-]\d\d:?\d\d)$/;
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const isLeapYear = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

/** Whether the calendar has that day: JavaScript alone would read 30 February as 2 March. */
function dayExists(year: number, month: number, day: number): boolean {
  const days = DAYS[month - 1];
  return (
    year >= 1 &&
    days !== undefined &&
    day >= 1 &&
    day <= days &&
    (month !== 2 || day < 29 || isLeapYear(year))
  );
}

const MINUTE_MS = 60_000;

/** The distance of a written zone from UTC in minutes; null where there is no such zone. */
function zoneMinutes(zone: string): number | null {
  if (/^z$/i.test(zone)) return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))];
  if (hours > 23 || minutes > 59) return null;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

/** Milliseconds of a time of day; null where the clock has no such time (24:00, a leap second). */
function timeOfDay(m: RegExpExecArray): number | null {
  const [hour, minute, second] = [Number(m[4]), Number(m[5]), Number(m[6] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59) return null;
  return ((hour * 60 + minute) * 60 + second) * 1000 + Number((m[7] ?? '').padEnd(3, '0').slice(0, 3));
}

/**
 * Reads RFC 3339 with any offset; null for everything else: no offset, days that do not exist, 24:00, words.
 * The only reader of written instants in the project.
 */
export function parseInstant(value: string): Instant | null {
  const m = INSTANT.exec(value);
  if (!m) return null;
  const [year, month, day] = [Number(m[1]), Number(m[2]), Number(m[3])];
  const [time, offset] = [timeOfDay(m), zoneMinutes(m[8] ?? '')];
  if (time === null || offset === null || !dayExists(year, month, day)) return null;
  return new Date(Date.UTC(year, month - 1, day) + time - offset * MINUTE_MS).toISOString();
}

/** Reads `YYYY-MM-DD`; null for everything else and for days that do not exist. */
export function parseDate(value: string): CalendarDate | null {
  const m = /^(\d{4})-(\d\d)-(\d\d)$/.exec(value);
  return m && dayExists(Number(m[1]), Number(m[2]), Number(m[3])) ? value : null;
}

/** A vendor's written instant; null where it is blank, InvalidRecord where it cannot be read. */
export function instant(value: unknown, field: string): Instant | null {
  const written = text(value);
  if (written === null) return null;
  const parsed = parseInstant(written);
  if (parsed === null) throw new InvalidRecord(field, 'is not an instant with an offset');
  return parsed;
}

const LATEST_SECOND = 253_402_300_799; // the last second of the year 9999

/** Unix seconds, as a number or as digits; null where blank, InvalidRecord where it is neither. */
export function instantFromSeconds(value: unknown, field: string): Instant | null {
  const written = text(value);
  if (written === null) return null;
  const seconds = Number(written);
  if (!/^-?\d{1,12}$/.test(written) || Math.abs(seconds) > LATEST_SECOND)
    throw new InvalidRecord(field, 'is not a Unix time in seconds');
  return new Date(seconds * 1000).toISOString();
}

/** A vendor's calendar date; null where blank, InvalidRecord where there is no such day. */
export function date(value: unknown, field: string): CalendarDate | null {
  const written = text(value);
  if (written === null) return null;
  const parsed = parseDate(written.slice(0, 10));
  if (parsed === null) throw new InvalidRecord(field, 'is not a date');
  return parsed;
}

/** `#rrggbb` in lower case; null for anything else (`#abc` is written out). */
export function color(value: unknown): string | null {
  const written = text(value)?.toLowerCase() ?? '';
  if (/^#[0-9a-f]{6}$/.test(written)) return written;
  return /^#[0-9a-f]{3}$/.test(written) ? `#${[...written.slice(1)].map((c) => c + c).join('')}` : null;
}

/** What a person is called: the vendor's own full name, else first and last name joined. */
export function fullName(own: unknown, first: string | null, last: string | null): string | null {
  return text(own) ?? text([first, last].filter((part) => part !== null).join(' '));
}

/** Text as it is compared and sorted: without accents, in lower case, single blanks. */
export const folded = (value: string): string =>
  value.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().replace(/\s+/g, ' ').trim();
