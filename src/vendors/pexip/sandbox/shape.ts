import { parseInstant } from '../../../canonical/values';
import { malformed } from './query';
import { LANGUAGES, PARTICIPANT_TYPES, ROLES } from './state';

/** Whether a value of a body is what the documentation demands. */
export type Check = (value: unknown) => boolean;
export type Shape = Readonly<Record<string, Check>>;
export type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const nullable =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
/** Empty strings are refused: send null. */
export const text =
  (longest = 100_000): Check =>
  (value) =>
    typeof value === 'string' && value !== '' && value.length <= longest;
export const oneOf =
  (words: readonly string[]): Check =>
  (value) =>
    words.includes(value as string);
export const flag: Check = (value) => typeof value === 'boolean';
export const whole: Check = (value) => Number.isInteger(value) && (value as number) >= 0;
export const instant: Check = (value) => typeof value === 'string' && parseInstant(value) !== null;
export const day: Check = (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value);
export const anything: Check = isObject;
export const list =
  (check: Check, least = 0): Check =>
  (value) =>
    Array.isArray(value) && value.length >= least && value.every(check);
export const object =
  (shape: Shape, required: readonly string[] = []): Check =>
  (value) =>
    isObject(value) &&
    required.every((name) => name in value) &&
    Object.entries(value).every(([name, own]) => shape[name]?.(own) === true);

const localizedText = object({ language: oneOf(LANGUAGES), value: text() }, ['language', 'value']);
export const translation = list(localizedText);
const number: Check = (value) => typeof value === 'number';

/** An address as it is written: every text in the languages it is known in. */
export const location = object(
  {
    postalCode: nullable(text()),
    countryCode: (value) => typeof value === 'string' && value.length === 2,
    geolocation: nullable(object({ latitude: number, longitude: number }, ['latitude', 'longitude'])),
    translations: object(
      {
        city: list(localizedText, 1),
        state: nullable(translation),
        street1: nullable(translation),
        street2: nullable(translation),
      },
      ['city'],
    ),
  },
  ['countryCode', 'translations'],
);
/** Who takes part, as it is written. */
export const participants = list(
  object({ role: oneOf(ROLES), participantId: text(), type: oneOf(PARTICIPANT_TYPES) }, [
    'role',
    'participantId',
    'type',
  ]),
  2,
);
export const answers = nullable(list(anything));

/** The fields of a body; an unknown one, a missing one and one that is not as demanded are refused. */
export function fieldsOf(body: unknown, shape: Shape, required: readonly string[] = []): Fields {
  if (!isObject(body)) throw malformed('The body must be an object');
  for (const [name, value] of Object.entries(body)) {
    const check = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (!check) throw malformed(`${name} is not known here`);
    if (!check(value)) throw malformed(`${name} is not valid`);
  }
  const missing = required.find((name) => body[name] === undefined);
  if (missing !== undefined) throw malformed(`${missing} is required`);
  return body;
}
