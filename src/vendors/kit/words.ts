/** A word of the vendor's that no table knows: the field took its default, and the connection shows this. */
export interface Warning {
  readonly field: string;
  readonly value: string;
}

/** Looks a vendor's word up; an unknown one gives `fallback` and is written to `warnings`. Null and blank give `fallback` silently. */
export function word<T>(
  table: Readonly<Record<string, T>>,
  value: unknown,
  { field, fallback, warnings }: { field: string; fallback: T; warnings: Warning[] },
): T {
  if (value === null || value === undefined || value === '') return fallback;
  const key = typeof value === 'string' ? value : JSON.stringify(value);
  if (Object.hasOwn(table, key)) return table[key] as T;
  warnings.push({ field, value: key });
  return fallback;
}
