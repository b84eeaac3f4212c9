import { isSafeNumber, parse } from 'lossless-json';

const LONG_NUMBER = /[[:,\s]-?\d{16,}/;

/** Parses JSON strictly; integers beyond 2^53 come back as strings, digit for digit, instead of being rounded. Throws SyntaxError. */
export function parseJson(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  return parse(text, null, (digits) => (isSafeNumber(digits) ? Number(digits) : digits));
}

/** Whether one of the named fields stands anywhere in a value. */
function holdsAny(value: unknown, fields: ReadonlySet<string>): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some((item) => holdsAny(item, fields));
  return Object.entries(value).some(([key, inner]) => fields.has(key) || holdsAny(inner, fields));
}

/** The value without the named fields, wherever they stand: what a vendor should not have sent is not kept. */
export function withoutFields(value: unknown, fields: ReadonlySet<string>): unknown {
  return fields.size > 0 && holdsAny(value, fields) ? copyWithout(value, fields) : value;
}

function copyWithout(value: unknown, fields: ReadonlySet<string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => copyWithout(item, fields));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !fields.has(key))
      .map(([key, inner]) => [key, copyWithout(inner, fields)]),
  );
}
