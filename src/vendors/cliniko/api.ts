import { text, type Instant } from '../../canonical/values';
import { VendorError } from '../kit/error';
import type { VendorHttp } from '../kit/policy';
import { walk, type WirePage } from '../kit/pages';
import { path, type Query } from '../kit/url';
import { idOf, type ClinikoRecord, type ClinikoUser, type Collection, type HidingField } from './wire';

/** A page as Cliniko sends it; `total` is null where the answer does not count (some pages misspell it). */
export interface ClinikoPage<Row> {
  readonly rows: readonly Row[];
  readonly total: number | null;
  readonly hasNext: boolean;
}

const PER_PAGE = 100;
const words = (key: string): string => key.replaceAll('_', ' ');

/** One page of a collection. The link to the next page says that there is one; its URL is ours, because theirs drift. */
export async function listPage<Row>(
  http: VendorHttp,
  { path: at, key }: Collection<Row>,
  page: number,
  query: Query,
): Promise<ClinikoPage<Row>> {
  const operation = `list ${words(key)}`;
  const { body, status } = await http.request({
    operation,
    path: at,
    query: { ...query, page, per_page: PER_PAGE },
  });
  const { [key]: rows, total_entries: total, links } = (body ?? {}) as Record<string, unknown>;
  if (!Array.isArray(rows)) throw unexpected(operation, status, `The answer holds no list of ${words(key)}`);
  const hasNext = typeof (links as { next?: unknown } | null | undefined)?.next === 'string';
  const isCount = typeof total === 'number' || (typeof total === 'string' && /^\d+$/.test(total));
  return { rows: rows as Row[], total: isCount ? Number(total) : null, hasNext };
}

/** One record, null on Cliniko's 404. A hidden one answers only where the query brings it in. */
export async function getRecord<Row>(
  http: VendorHttp,
  { path: at, key }: Collection<Row>,
  id: string,
  query: Query,
): Promise<Row | null> {
  const operation = `get ${words(key)}`;
  try {
    const { body, status } = await http.request({ operation, path: at + path`/${id}`, query });
    if (typeof body !== 'object' || body === null)
      throw unexpected(operation, status, 'The answer holds no record');
    return body as Row;
  } catch (error) {
    if (error instanceof VendorError && error.kind === 'not_found') return null;
    throw error;
  }
}

/** The owner of the API key. */
export async function keyOwner(http: VendorHttp): Promise<ClinikoUser> {
  return (await http.request({ operation: 'get user', path: '/user' })).body ?? {};
}

/** A success that is not what the documentation promises. */
export function unexpected(operation: string, status: number, message: string): VendorError {
  return new VendorError('invalid_response', message, {
    operation,
    status,
    code: null,
    retryAfterMs: null,
    outcome: 'not_done',
  });
}

/** A list to walk: a collection, what to ask of it, and how to add to its rows what their mapping reads. */
export interface Source<Wire> {
  readonly collection: Collection<ClinikoRecord>;
  readonly filters: readonly string[];
  complete(rows: readonly ClinikoRecord[]): Promise<readonly Wire[]>;
}
/** Reads of one connection that see what Cliniko hides. */
export interface Reader {
  /** Walks sources one after the other; the cursor says in which of them, and where in it, to go on. */
  walkAll<Wire>(sources: readonly Source<Wire>[], resumeAt: string | null): AsyncGenerator<WirePage<Wire>>;
  all<Row>(collection: Collection<Row>, filters?: readonly string[]): Promise<readonly Row[]>;
  /** The same, nothing where the key's owner may not read it or the account does not have it. */
  allIfOpen<Row>(collection: Collection<Row>): Promise<readonly Row[]>;
  find<Row extends ClinikoRecord>(collection: Collection<Row>, id: string): Promise<Row | null>;
}

/** Cliniko's times are whole seconds: a bound is widened to them, so that nothing falls between. */
const downToSecond = (at: Instant): string => `${at.slice(0, 19)}Z`;
const upToSecond = (at: Instant): string =>
  downToSecond(new Date(Math.ceil(Date.parse(at) / 1000) * 1000).toISOString());
/** The filters of a query, as `q[]` takes them. */
export const changedSince = (at: Instant | null): readonly string[] =>
  at === null ? [] : [`updated_at:>=${downToSecond(at)}`];
export const startsWithin = (from: Instant, to: Instant): readonly string[] => [
  `starts_at:>=${downToSecond(from)}`,
  `starts_at:<${upToSecond(to)}`,
];

const PASSES = 2;

/** Every selection of the fields by which a collection hides, all of them first. */
const selections = (fields: readonly HidingField[]): readonly (readonly HidingField[])[] =>
  fields.reduce<HidingField[][]>((made, field) => made.flatMap((asked) => [[...asked, field], asked]), [[]]);
const bringIn = (fields: readonly HidingField[]): readonly string[] => fields.map((field) => `${field}:*`);

/**
 * The pages of a list from page `start`. Page numbers shift when a record leaves the list meanwhile: where fewer records
 * came than Cliniko ever counted, the list is read once more, and fails if it comes short again.
 */
async function* pagesOf<Row extends ClinikoRecord>(
  http: VendorHttp,
  collection: Collection<Row>,
  query: Query,
  start: number,
): AsyncGenerator<{ readonly rows: readonly Row[]; readonly next: number | null }> {
  const operation = `list ${words(collection.key)}`;
  for (let pass = 1, first = start, short = true; short; pass += 1, first = 1) {
    let [promised, came] = [0, 0];
    const fetch = async (at: string): Promise<WirePage<Row>> => {
      const { rows, total, hasNext } = await listPage(http, collection, Number(at), query);
      promised = Math.max(promised, total ?? 0);
      return { items: rows, next: hasNext ? String(Number(at) + 1) : null };
    };
    for await (const { items, next } of walk(String(first), fetch, {
      operation,
      idOf: idOf,
    })) {
      came += items.length;
      short = next === null && first === 1 && came < promised;
      if (short && pass === PASSES)
        throw unexpected(operation, 200, `Fewer ${words(collection.key)} came than were counted`);
      yield { rows: items, next: short ? 1 : next === null ? null : Number(next) };
    }
  }
}

/**
 * What a connection's answers have shown of `archived_at:*` and its like. They are documented as "any value", which
 * brings hidden records in among the others; they are also met as "only the hidden ones". Both are served: everything
 * hidden is asked for at once, and as long as no record that is not hidden has come with it, the other selections are
 * read as well, each record handed on once. https://docs.api.cliniko.com/#datetime-filter-operators
 */
interface Evidence {
  isInclusive: boolean;
}
function notice(evidence: Evidence, asked: readonly HidingField[], rows: readonly ClinikoRecord[]): void {
  evidence.isInclusive ||=
    asked.length > 0 && rows.some((row) => asked.every((field) => text(row[field]) === null));
}

async function* walkSources<Wire>(
  http: VendorHttp,
  evidence: Evidence,
  sources: readonly Source<Wire>[],
  resumeAt: string | null,
): AsyncGenerator<WirePage<Wire>> {
  const parts = sources.flatMap((source, nth) =>
    selections(source.collection.hides).map((asked, at) => ({ source, nth, asked, isFirst: at === 0 })),
  );
  const handedOn = new Set<string>();
  const after = (at: number): number =>
    parts.findIndex(({ isFirst }, nth) => nth > at && (isFirst || !evidence.isInclusive));
  const [, givenPart = '0', givenPage = '1'] = /^(\d+)\.(\d+)$/.exec(resumeAt ?? '') ?? [];
  let [at, start] = [Number(givenPart), Number(givenPage)];
  for (let part = parts[at]; part !== undefined; at = after(at), part = parts[at], start = 1) {
    const { source, nth, asked, isFirst } = part;
    const keyOf = (row: ClinikoRecord): string => `${String(nth)} ${idOf(row)}`;
    const query = { 'q[]': [...source.filters, ...bringIn(asked)] };
    for await (const { rows, next } of pagesOf(http, source.collection, query, start)) {
      notice(evidence, asked, rows);
      const fresh = isFirst ? rows : rows.filter((row) => !handedOn.has(keyOf(row)));
      if (evidence.isInclusive) handedOn.clear();
      else for (const row of rows) handedOn.add(keyOf(row));
      const following = after(at) === -1 ? null : `${String(after(at))}.1`;
      yield {
        items: await source.complete(fresh),
        next: next === null ? following : `${String(at)}.${String(next)}`,
      };
    }
  }
}

async function find<Row extends ClinikoRecord>(
  http: VendorHttp,
  evidence: Evidence,
  collection: Collection<Row>,
  id: string,
): Promise<Row | null> {
  for (const asked of selections(collection.hides)) {
    const row = await getRecord(http, collection, id, { 'q[]': bringIn(asked) });
    if (row !== null) notice(evidence, asked, [row]);
    if (row !== null || evidence.isInclusive) return row;
  }
  return null;
}

/** Opens the reads of a connection; what they learn of Cliniko's filters they share. */
export function reader(http: VendorHttp): Reader {
  const evidence: Evidence = { isInclusive: false };
  const all = async <Row>(
    collection: Collection<Row>,
    filters: readonly string[] = [],
  ): Promise<readonly Row[]> => {
    const found: Row[] = [];
    const source = {
      collection,
      filters,
      complete: (rows: readonly Row[]) => Promise.resolve(rows),
    } as Source<Row>;
    for await (const { items } of walkSources(http, evidence, [source], null)) found.push(...items);
    return found;
  };
  return {
    walkAll: (sources, resumeAt) => walkSources(http, evidence, sources, resumeAt),
    all,
    allIfOpen: async (collection) => {
      try {
        return await all(collection);
      } catch (error) {
        if (error instanceof VendorError && (error.kind === 'forbidden' || error.kind === 'not_found'))
          return [];
        throw error;
      }
    },
    find: (collection, id) => find(http, evidence, collection, id),
  };
}
