const LONGEST = 2000;
/** What may stand in a segment as it is, or percent-encoded: never a dot, a slash, `\`, `@`, `%`, `;` or a control character. */
const SEGMENT = /^(?:[A-Za-z0-9._~!$&'()*+,=:-]|%(?!2[35ef]|3[bf]|40|5c|7f|[01])[0-9a-f]{2})+$/i;
const NEEDLESSLY_ENCODED = /%(?:3\d|[46][1-9a-f]|[57][0-9a]|2d|5f|7e)/i;

/** Whether the segment says to everybody what it says to us: no half characters, none that others take for another one. */
function isClear(segment: string, place: number): boolean {
  try {
    const decoded = decodeURIComponent(segment);
    const leadsAway = /^[.\s]+$/.test(decoded) || (place === 0 && decoded.includes(':'));
    return !leadsAway && decoded.normalize('NFKC') === decoded && !/\p{C}/u.test(decoded);
  } catch {
    return false;
  }
}

/**
 * A caller's path below a vendor's base URL, with its slash in front; null unless it is its own normal form. What one
 * machine on the way might read differently from another is refused, not repaired.
 */
export function pathBelow(baseUrl: string, path: string): string | null {
  if (path.length > LONGEST) return null;
  const below = path.startsWith('/') ? path : `/${path}`;
  const segments = below.slice(1).split('/');
  const isPlain = segments.every(
    (segment, place) => SEGMENT.test(segment) && !NEEDLESSLY_ENCODED.test(segment) && isClear(segment, place),
  );
  // What the parser of the sending side makes of it decides: it must be the same text, below the same root.
  return isPlain && URL.canParse(baseUrl + below) && new URL(baseUrl + below).href === baseUrl + below
    ? below
    : null;
}

/** Numbers that no telephone has, numbers behind a word (`C-00000001`), UUIDs. */
const ID = /^(?:[1-9]\d*|[a-z_]{1,12}[-:]\d+|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/i;
const WORD = /^[a-z][a-z_-]*$/;

/**
 * A path as it may be kept: ids, and words that are followed by something or follow an id. A word at the end may be a name
 * that somebody looked for.
 */
export function pathWithoutNames(path: string): string {
  const segments = path.slice(1).split('/');
  const isKept = (segment: string, place: number): boolean =>
    ID.test(segment) ||
    (WORD.test(segment) &&
      (place === 0 || place < segments.length - 1 || ID.test(segments[place - 1] ?? '')));
  return segments.map((segment, place) => `/${isKept(segment, place) ? segment : '*'}`).join('');
}

/** What a path may name records by: its segments, and what follows a colon in one. */
export const namesIn = (path: string): string[] =>
  path
    .split('/')
    .map(decodeURIComponent)
    .flatMap((segment) => [segment, ...segment.split(':').slice(1)])
    .filter((name) => name !== '');
