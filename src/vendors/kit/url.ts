import { InvalidRecord } from '../../canonical/values';

/** Values of a query; a list repeats its key, undefined leaves it out. */
export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** Builds a path whose inserted parts cannot leave their segment: path`/clients/${id}`. */
export function path(strings: TemplateStringsArray, ...parts: readonly (string | number)[]): string {
  return strings.reduce((built, literal, i) => built + segment(String(parts[i - 1])) + literal);
}

/** One segment. No encoding keeps dots and emptiness from meaning "here" or "above": such an id is refused. */
function segment(part: string): string {
  if (/^\.{0,2}$/.test(part)) throw new InvalidRecord('id', 'cannot stand in a path');
  return encodeURIComponent(part);
}

/** The query as a string without `?`; keys and values percent-encoded. */
export function queryString(query: Query): string {
  return Object.entries(query)
    .flatMap(([key, value]) => {
      if (value === undefined) return [];
      const values = typeof value === 'object' ? value : [value];
      return values.map((one) => `${encodeURIComponent(key)}=${encodeURIComponent(String(one))}`);
    })
    .join('&');
}

/** The last segment of a link's path: how a vendor that points by links names a record. Null where there is no link, or none that can be read. */
export function lastSegment(link: string | null | undefined): string | null {
  if (!link) return null;
  const segments = (link.split(/[?#]/, 1)[0] ?? '').split('/').filter((segment) => segment !== '');
  const last = segments.at(-1);
  if (last === undefined) return null;
  try {
    return decodeURIComponent(last);
  } catch {
    return null;
  }
}
