import { VendorError } from '../kit/error';
import type { VendorHttp, VendorRequest } from '../kit/policy';
import { walk, type WirePage } from '../kit/pages';
import { path, type Query } from '../kit/url';
import { bringIn, notice, selections, type Evidence } from './tables';
import {
  idOf,
  type CancellationBody,
  type ClinikoPage,
  type ClinikoRecord,
  type ClinikoUser,
  type Collection,
} from './wire';

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

/** A record that a write names, and the path below which it is. */
export interface Target<Row extends ClinikoRecord = ClinikoRecord> {
  readonly collection: Collection<Row>;
  readonly id: string;
}
const pathOf = ({ collection, id }: Target): string => collection.path + path`/${id}`;

/** Sends a write that answers with the record. */
async function written<Row>(http: VendorHttp, request: VendorRequest): Promise<Row> {
  const { body, status } = await http.request(request);
  if (idOf(body ?? {}) !== '') return body as Row;
  throw unexpected(request.operation, status, 'The answer holds no record', 'unknown');
}
/** Makes a record. */
export const createRecord = <Row>(http: VendorHttp, to: Collection<Row>, json: object): Promise<Row> =>
  written(http, { operation: `create ${words(to.key)}`, method: 'POST', path: to.path, json });

/** Changes what the body names: PATCH today, PUT on the older pages. */
export const changeRecord = <Row extends ClinikoRecord>(
  http: VendorHttp,
  target: Target<Row>,
  method: 'PATCH' | 'PUT',
  json: object,
): Promise<Row> => {
  const operation = `update ${words(target.collection.key)}`;
  return written(http, { operation, method, path: pathOf(target), json });
};

/** Cancels an individual appointment or an attendee of a group; answered without a body. */
export async function cancelRecord(http: VendorHttp, target: Target, json: CancellationBody): Promise<void> {
  const operation = `cancel ${words(target.collection.key)}`;
  await http.request({ operation, method: 'PATCH', path: `${pathOf(target)}/cancel`, json });
}

/** Archives a record: POST today, DELETE on the older pages; answered without a body. */
export async function archiveRecord(
  http: VendorHttp,
  target: Target,
  method: 'POST' | 'DELETE',
): Promise<void> {
  const operation = `archive ${words(target.collection.key)}`;
  await http.request({ operation, method, path: pathOf(target) + (method === 'POST' ? '/archive' : '') });
}

/** Whether a booking's practitioner is booked twice at its time. */
export async function conflictsExist(http: VendorHttp, target: Target): Promise<boolean> {
  const operation = `get conflicts of ${words(target.collection.key)}`;
  const { body } = await http.request({ operation, path: `${pathOf(target)}/conflicts` });
  return (body as { conflicts?: { exist?: unknown } | null }).conflicts?.exist === true;
}

/** A success that is not what the documentation promises, or (404) a record that no answer holds. */
export function unexpected(
  operation: string,
  status: number,
  message: string,
  outcome: 'not_done' | 'unknown' = 'not_done',
): VendorError {
  const at = { operation, status, code: null, retryAfterMs: null, outcome };
  return new VendorError(status === 404 ? 'not_found' : 'invalid_response', message, at);
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

const PASSES = 2;

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
