import type { Fault } from '../../src/vendors/kit/sandbox';

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** The first list of records in an answer. */
const recordsIn = (body: unknown): unknown[] =>
  [body, ...(isObject(body) ? Object.values(body) : [])].find(Array.isArray) ?? [];
/** Changes the first record of each list. */
export const firstRecord = (change: (record: Json) => unknown): Fault => ({
  kind: 'altered',
  by: (body) => {
    const records = recordsIn(body);
    if (isObject(records[0])) records[0] = change(records[0]);
    return body;
  },
});
/** Every object in a value, changed. */
export const everyObject = (value: unknown, change: (one: Json) => Json): unknown => {
  if (Array.isArray(value)) return value.map((one) => everyObject(one, change));
  if (!isObject(value)) return value;
  return change(
    Object.fromEntries(Object.entries(value).map(([key, one]) => [key, everyObject(one, change)])),
  );
};
/** Gives the first answer again and again. */
export function repeating(): Fault {
  let first: unknown;
  return { kind: 'altered', by: (body) => (first ??= body) };
}
