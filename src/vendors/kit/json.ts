import { isSafeNumber, parse } from 'lossless-json';

const LONG_NUMBER = /[[:,\s]-?\d{16,}/;

/** Parses JSON strictly; integers beyond 2^53 come back as strings, digit for digit, instead of being rounded. Throws SyntaxError. */
export function parseJson(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text);
  return parse(text, null, (digits) => (isSafeNumber(digits) ? Number(digits) : digits));
}

/** A copy without the named fields, wherever they stand: what a vendor should not have sent is not kept. */
export function withoutFields(value: unknown, fields: ReadonlySet<string>): unknown {
  if (fields.size === 0 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withoutFields(item, fields));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !fields.has(key))
      .map(([key, inner]) => [key, withoutFields(inner, fields)]),
  );
}

/** The same as JSON. The names are looked for in the text first: a copy costs more than all else, and few records need one. */
export function jsonWithout(value: unknown, fields: ReadonlySet<string>): string {
  const text = JSON.stringify(value);
  const mayHold = [...fields].some((name) => text.includes(JSON.stringify(name)));
  return mayHold ? JSON.stringify(withoutFields(value, fields)) : text;
}
