import type { CancellationReason } from '../../canonical/appointment';
import { NO_CONSENTS, type Consents, type Gender } from '../../canonical/client';
import { text } from '../../canonical/values';

/** Cancellation codes. https://github.com/redguava/cliniko-api/blob/master/sections/attendees.md */
export const CANCELLATION_REASONS: Readonly<Record<string, CancellationReason>> = {
  10: 'feeling_better',
  20: 'condition_worse',
  30: 'sick',
  31: 'covid_19',
  40: 'away',
  50: 'other',
  60: 'work',
};

/** A patient's `reminder_type`: what they agreed to get before an appointment. It says nothing of marketing. */
export const REMINDER_TYPES: Readonly<Record<string, Consents>> = {
  None: { ...NO_CONSENTS, smsReminders: false, emailReminders: false },
  SMS: { ...NO_CONSENTS, smsReminders: true, emailReminders: false },
  Email: { ...NO_CONSENTS, smsReminders: false, emailReminders: true },
  'SMS & Email': { ...NO_CONSENTS, smsReminders: true, emailReminders: true },
};

/** Gender is free text at Cliniko; these are the lower-cased words that clinics write. */
export const GENDERS: Readonly<Record<string, Gender>> = {
  male: 'male',
  m: 'male',
  man: 'male',
  female: 'female',
  f: 'female',
  woman: 'female',
  other: 'other',
  intersex: 'other',
  'non-binary': 'other',
  'non binary': 'other',
  nonbinary: 'other',
  unknown: 'unknown',
  unspecified: 'unknown',
  'not stated': 'unknown',
  'not specified': 'unknown',
  'prefer not to say': 'unknown',
};

/** Which of several numbers counts, the first that there is; a type not named here comes before the fax, which nobody picks up. */
export const PHONE_TYPES = ['Mobile', 'Home', 'Work', 'Other', 'Fax'] as const;

const COUNTRY_ALIASES: Readonly<Record<string, string>> = {
  uk: 'GB',
  'great britain': 'GB',
  england: 'GB',
  scotland: 'GB',
  wales: 'GB',
  'northern ireland': 'GB',
  usa: 'US',
  'united states of america': 'US',
  'republic of ireland': 'IE',
  holland: 'NL',
};

const LETTERS = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
const NAMES = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });
/** The codes that name a country today: withdrawn ones (DD) are rewritten by their canonical form, made-up ones have no name. */
const CODES = LETTERS.flatMap((first) => LETTERS.map((second) => first + second)).filter(
  (code) => NAMES.of(code) !== undefined && Intl.getCanonicalLocales(`und-${code}`)[0] === `und-${code}`,
);
const CODE_BY_NAME = new Map(CODES.map((code) => [NAMES.of(code)?.toLowerCase(), code]));

/** ISO 3166-1 alpha-2 of a country that Cliniko holds by its English name or its code; the word itself where it cannot be told. */
export function countryCode(word: string | null): string | null {
  if (word === null) return null;
  const upper = word.toUpperCase();
  if (CODES.includes(upper)) return upper;
  const lower = word.toLowerCase();
  return CODE_BY_NAME.get(lower) ?? COUNTRY_ALIASES[lower] ?? word;
}

/** What a refusal says: `{message, errors: {field: text}}` from validation, `{status, error}` from everything else. */
export function explain(body: unknown): { code: null; message: string | null } {
  const { message, error, errors } = (typeof body === 'object' && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  const fields = typeof errors === 'object' && errors !== null ? Object.entries(errors) : [];
  const details = fields.map(
    ([field, said]) => `${field} ${typeof said === 'string' ? said : JSON.stringify(said)}`,
  );
  const parts = [text(message) ?? text(error), text(details.join('; '))].filter((part) => part !== null);
  return { code: null, message: text(parts.join(': ')) }; // it has no codes
}
