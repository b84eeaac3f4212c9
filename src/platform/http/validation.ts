import { Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { KnownQueries } from './known-queries';
import { type FieldError, Problem } from './problems';

const WORDS: Readonly<Record<string, string>> = { whitelistValidation: 'unknown' };
const PRIMITIVES: ReadonlySet<unknown> = new Set([String, Number, Boolean, Object, Array, undefined]);

/** In words. What is not there at all breaks each of its rules, its greatest length first: none of them would tell what is wrong. */
function said(kind: string, { property, value }: ValidationError, message: string): string {
  if (kind === 'whitelistValidation') return `${property} is not known here`;
  return value === undefined ? `${property} is missing` : message;
}

/** The wrong parts of an object, each under its own pointer or parameter. Values are never repeated. */
export function fieldErrors(
  errors: readonly ValidationError[],
  place: 'pointer' | 'parameter',
  path = '',
): FieldError[] {
  return errors.flatMap((error) => {
    const name =
      place === 'pointer'
        ? `${path}/${error.property.replace(/~/g, '~0').replace(/\//g, '~1')}`
        : error.property;
    const own = Object.entries(error.constraints ?? {}).map(([kind, message]) => ({
      [place]: name,
      code: WORDS[kind] ?? 'invalid',
      message: said(kind, error, message),
    }));
    return [...own, ...fieldErrors(error.children ?? [], place, name)];
  });
}

/** An instance of `type`, or validation_failed that names each wrong, missing and unknown part. */
export function validated<T extends object>(
  type: new () => T,
  value: unknown,
  { place = 'pointer', path = '' }: { place?: 'pointer' | 'parameter'; path?: string } = {},
): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Problem('validation_failed', 'A JSON object is expected', {
      errors: [{ pointer: path, code: 'invalid', message: 'must be an object' }],
    });
  }
  const inherited = Object.keys(value).filter((name) => name in Object.prototype);
  const instance = plainToInstance(type, value, { exposeUnsetFields: false });
  const errors = validateSync(instance, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: false,
    stopAtFirstError: true,
  });
  if (errors.length === 0 && inherited.length === 0) return instance;
  // class-transformer passes over some of these names and class-validator takes the others for known ones.
  const unknown = inherited.map((name) => ({
    [place]: place === 'pointer' ? `${path}/${name}` : name,
    code: 'unknown',
    message: `${name} is not known here`,
  }));
  const wrong = [...fieldErrors(errors, place, path), ...unknown];
  throw new Problem(
    'validation_failed',
    `${String(wrong.length)} ${wrong.length === 1 ? 'value is' : 'values are'} not as this operation takes them`,
    { errors: wrong },
  );
}

/** Makes DTOs out of bodies and queries. */
@Injectable()
export class ValidationPipe implements PipeTransform {
  private readonly queries = new KnownQueries();

  transform(value: unknown, { type, metatype }: ArgumentMetadata): unknown {
    if (type === 'custom' || type === 'param' || PRIMITIVES.has(metatype)) return value;
    if (type === 'query')
      return this.queries.as(metatype as object, value, () =>
        validated(metatype as new () => object, value, { place: 'parameter' }),
      );
    // No body at all names nothing: what must be there is then missing, each by its name.
    return validated(metatype as new () => object, value === undefined ? {} : value);
  }
}
