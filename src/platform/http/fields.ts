import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayNotEmpty,
  IsArray,
  IsBoolean,
  IsEmail,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { readPhone } from '../../canonical/phone';
import { parseDate, parseInstant } from '../../canonical/values';
import { readAs, rule, schema } from './field-rule';

const MANY = 100;

const lowered = (value: unknown): unknown => (typeof value === 'string' ? value.toLowerCase() : value);

/** One of our ids, whatever its case: some callers' types write theirs in capitals. */
export const Id = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) => lowered(value)),
    IsUUID(undefined, { message: '$property must be an id' }),
    schema({ type: String, format: 'uuid' }),
  );

/** Control characters other than tab and line breaks, and halves of surrogate pairs: no text needs them, and PostgreSQL keeps none. */
const UNKEPT = /[^\P{Cc}\t\n\r]|\p{Cs}/u;
const PLAIN = 'must hold no control characters and no half characters';

/** Text of `min` to `max` characters that can be kept. */
export const Text = ({ min = 1, max = 255 }: { min?: number; max?: number } = {}): PropertyDecorator =>
  applyDecorators(
    IsString(),
    Length(min, max),
    rule(
      'notBlank',
      'must not be blank',
      (value) => min === 0 || value === '' || typeof value !== 'string' || value.trim() !== '',
    ),
    rule('plainText', PLAIN, (value) => typeof value === 'string' && !UNKEPT.test(value)),
    schema({ type: String, minLength: min, maxLength: max }),
  );

/** An instant with an offset; it becomes UTC. */
export const InstantField = (): PropertyDecorator =>
  applyDecorators(
    readAs(
      'instant',
      'must be an RFC 3339 instant with an offset, like 2026-01-31T09:00:00Z (in a URL, + is written %2B)',
      parseInstant,
    ),
    schema({ type: String, format: 'date-time' }),
  );

/** A telephone number that can be called from anywhere, however it is spelled; it becomes E.164. */
export const PhoneField = (): PropertyDecorator =>
  applyDecorators(
    readAs(
      'phone',
      "must be a telephone number with its country's code, like +447123123456 (in a URL, + is written %2B)",
      (text) => readPhone(text, null).phone,
    ),
    schema({ type: String, minLength: 1, maxLength: 40 }),
  );

/** A day, `YYYY-MM-DD`. */
export const DateField = (): PropertyDecorator =>
  applyDecorators(
    rule(
      'calendarDate',
      'must be a day of the calendar, like 2026-01-31',
      (value) => typeof value === 'string' && parseDate(value) !== null,
    ),
    schema({ type: String, format: 'date' }),
  );

/** One of a list of words; the list gets a name in the document. */
export const OneOf = (words: readonly string[], enumName: string): PropertyDecorator =>
  applyDecorators(IsIn([...words]), schema({ enum: [...words], enumName }));

/** `true` or `false` in a query. */
export const Flag = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      value === 'true' ? true : value === 'false' ? false : value,
    ),
    IsBoolean(),
    schema({ type: Boolean }),
  );

/** `true` or `false` in a body. */
export const Switch = (): PropertyDecorator => applyDecorators(IsBoolean(), schema({ type: Boolean }));

/** An e-mail address; it becomes lower case. */
export const Email = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' ? value.trim().toLowerCase() : value,
    ),
    IsEmail({}, { message: '$property must be an e-mail address' }),
    MaxLength(255),
    schema({ type: String, format: 'email', maxLength: 255 }),
  );

/** A colour, `#rrggbb`; it becomes lower case. */
export const Color = (): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) => lowered(value)),
    Matches(/^#[0-9a-f]{6}$/, { message: '$property must be a colour like #1a2b3c' }),
    schema({ type: String, pattern: '^#[0-9a-fA-F]{6}$' }),
  );

/** A language tag, BCP 47. */
export const LanguageTag = (): PropertyDecorator =>
  applyDecorators(
    rule('languageTag', 'must be a language tag like en or nl-BE', (value) => isLanguage(value)),
    schema({ type: String, maxLength: 35 }),
  );

function isLanguage(value: unknown): boolean {
  try {
    return typeof value === 'string' && Intl.getCanonicalLocales(value).length === 1;
  } catch {
    return false;
  }
}

/** An object with members of its own. */
export const Part = (type: new () => object): PropertyDecorator =>
  applyDecorators(
    IsObject(),
    ValidateNested(),
    Type(() => type),
    ApiProperty({ type }),
  );

/** A list of such objects. */
export const Parts = (
  type: new () => object,
  { min = 0, max }: { min?: number; max: number },
): PropertyDecorator =>
  applyDecorators(
    IsArray(),
    ArrayMinSize(min),
    ArrayMaxSize(max),
    ValidateNested({ each: true }),
    Type(() => type),
    ApiProperty({ type, isArray: true, minItems: min, maxItems: max }),
  );

/** A whole number in a query. */
export const WholeNumber = ({
  min,
  max,
  byDefault,
}: {
  min: number;
  max: number;
  byDefault: number;
}): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) =>
      typeof value === 'string' && /^-?\d{1,9}$/.test(value) ? Number(value) : value,
    ),
    IsInt(),
    Min(min),
    Max(max),
    schema({ type: 'integer', minimum: min, maximum: max, default: byDefault }),
  );

const itself = (value: unknown): unknown => value;

/** Repeated or comma-separated: what is said twice is said once, and however it is arranged, it is the same filter. */
const split = (value: unknown, read: (part: unknown) => unknown): unknown[] => {
  const parts = (Array.isArray(value) ? value : [value]).flatMap((part: unknown) =>
    typeof part === 'string' ? part.split(',') : [part],
  );
  return [...new Set(parts.map(read))].sort();
};

const many = (each: PropertyDecorator[], items: object, read = itself): PropertyDecorator =>
  applyDecorators(
    Transform(({ value }: { value: unknown }) => (value === undefined ? undefined : split(value, read))),
    IsArray(),
    ArrayNotEmpty(),
    ArrayMaxSize(MANY),
    ...each,
    ApiProperty({ type: 'array', items, maxItems: MANY, explode: true, style: 'form' } as never),
  );

/** A filter that takes several ids, repeated or comma-separated. */
export const Ids = (): PropertyDecorator =>
  many(
    [IsUUID(undefined, { each: true, message: 'each value in $property must be an id' })],
    { type: 'string', format: 'uuid' },
    lowered,
  );
/** A filter that takes several words of a list. */
export const SomeOf = (words: readonly string[]): PropertyDecorator =>
  many([IsIn([...words], { each: true })], { type: 'string', enum: [...words] });
/** A filter that takes several texts. */
export const Texts = (max = 255): PropertyDecorator =>
  many(
    [
      IsString({ each: true }),
      Length(1, max, { each: true }),
      rule(
        'plainText',
        PLAIN,
        (values) => Array.isArray(values) && !values.some((value) => UNKEPT.test(String(value))),
      ),
    ],
    {
      type: 'string',
      minLength: 1,
      maxLength: max,
    },
  );

/** An object whose form depends on something else, and is checked there. */
export const FreeObject = (): PropertyDecorator =>
  applyDecorators(IsObject(), schema({ type: 'object', additionalProperties: true }));

/** May be left out. A member that is there but null is not left out. */
export const MayBeAbsent = (): PropertyDecorator =>
  ValidateIf((_object, value: unknown) => value !== undefined);
/** May be left out, and may be null, which clears what is there. */
export const MayBeNull = (): PropertyDecorator => IsOptional();
