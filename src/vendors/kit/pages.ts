import { InvalidRecord } from '../../canonical/values';
import type { ResourceName } from '../../canonical/index';
import type { Mapped, Page, Seen, SetAside } from '../contract';
import { VendorError } from './error';

/** A part of a vendor's list as it came, and the cursor of the next part (null: this was the last). */
export interface WirePage<Wire> {
  readonly items: readonly Wire[];
  readonly next: string | null;
}

const BARREN_PAGES = 2;
const REMEMBERED_PAGES = 10;
const MOST_PAGES = 200_000;

/**
 * Walks a vendor's list from `start`. A record that comes again within the last pages is handed on once; one without an
 * id (`idOf` gives `''`) always is. Fails, after what came was handed on, where the vendor leads in a circle: at a
 * cursor seen before, after two pages that brought nothing new, at a cap. A list that fails is not a complete one.
 */
export async function* walk<Wire>(
  start: string,
  fetch: (cursor: string) => Promise<WirePage<Wire>>,
  { operation, idOf }: { operation: string; idOf: (item: Wire) => string },
): AsyncGenerator<WirePage<Wire>> {
  const cursors = new Set<string>();
  const recent: ReadonlySet<string>[] = [];
  let barren = 0;
  for (let cursor: string | null = start; cursor !== null;) {
    cursors.add(cursor);
    const page: WirePage<Wire> = await fetch(cursor);
    const { items, ids } = freshOf(page.items, idOf, recent);
    recent.push(ids);
    if (recent.length > REMEMBERED_PAGES) recent.shift();
    barren = items.length === 0 ? barren + 1 : 0;
    yield { items, next: page.next };
    cursor = page.next;
    if (cursor !== null && (cursors.has(cursor) || barren >= BARREN_PAGES || cursors.size >= MOST_PAGES))
      throw circle(operation);
  }
}

function freshOf<Wire>(
  items: readonly Wire[],
  idOf: (item: Wire) => string,
  recent: readonly ReadonlySet<string>[],
): { items: Wire[]; ids: Set<string> } {
  const ids = new Set<string>();
  const fresh = items.filter((item) => {
    const id = idOf(item);
    if (id === '') return true;
    if (ids.has(id) || recent.some((earlier) => earlier.has(id))) return false;
    ids.add(id);
    return true;
  });
  return { items: fresh, ids };
}

function circle(operation: string): VendorError {
  const at = { operation, status: 200, code: null, retryAfterMs: null, outcome: 'not_done' } as const;
  return new VendorError('invalid_response', "The vendor's pages lead in a circle", at);
}

/** A piece of a stretch of time, and how much was found in it: whoever reads it says so. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  holds: number;
}

const LITTLE = 50;

/** Cuts a stretch of time for a list without pages. Behind a piece that holds little comes one twice as long, up to the most. */
export function* piecesOf(
  { from, to }: Omit<Piece, 'holds'>,
  { usual, most }: { readonly usual: number; readonly most: number },
): Generator<Piece> {
  for (let [at, length] = [from, usual]; at < to;) {
    const piece = { from: at, to: Math.min(at + length, to), holds: 0 };
    yield piece;
    at = piece.to;
    length = piece.holds < LITTLE ? Math.min(2 * length, most) : usual;
  }
}

/** Maps the records of a part; one that cannot be read is set aside and the rest goes on. */
export function mapPage<R extends ResourceName, Wire>(
  wires: readonly Wire[],
  next: string | null,
  {
    map,
    raw,
    idOf,
  }: { map: (wire: Wire) => Mapped<R>; raw: (wire: Wire) => unknown; idOf: (wire: Wire) => string | null },
): Page<R> {
  const items: Seen<R>[] = [];
  const setAside: SetAside[] = [];
  for (const wire of wires) {
    try {
      items.push({ ...map(wire), raw: raw(wire) });
    } catch (error) {
      // A TypeError: something that should be an object or a list is neither.
      if (!(error instanceof InvalidRecord || error instanceof TypeError)) throw error;
      setAside.push({ remoteId: idOf(wire), code: 'invalid_record', message: error.message });
    }
  }
  return { items, setAside, next };
}
