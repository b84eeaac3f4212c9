import { hash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Cursors } from './cursor';
import { DEFAULT_LIMIT, type PagingQuery } from './paging.dto';
import { Problem } from './problems';

/** An answer whose JSON is written already: it was rendered once, when the record was stored. */
export class Rendered {
  constructor(
    readonly json: string,
    readonly options: {
      readonly etag?: string;
      readonly nextCursor?: string | null;
      /** Where the answer knows better than its route. */
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ) {}
}

/** Whether a list of entity tags names this one. */
const names = (header: string, etag: string): boolean =>
  header.trim() === '*' || header.split(',').some((one) => one.trim().replace(/^W\//, '') === etag);

/** The ETag of a version. `beside`: what is shown with it and changes without it, so that nobody is told that it still stands. */
export const etagOf = (version: number, beside = ''): string =>
  beside === ''
    ? `"${String(version)}"`
    : `"${String(version)}.${hash('sha256', beside, 'base64url').slice(0, 16)}"`;

/** Entity tags without what stands beside the version: a write changes the record alone. */
const versionsIn = (header: string): string => header.replace(/("\d+)\.[\w-]+"/g, '$1"');

/** Looks at the version that stands: 412 where the caller has seen another one. */
export const requireMatch =
  (ifMatch: string | undefined) =>
  (version: number): void => {
    if (ifMatch !== undefined && !names(versionsIn(ifMatch), etagOf(version)))
      throw new Problem('version_mismatch', 'The record has another version by now; read it again');
  };

/** Sends rendered answers with their ETag and Link, and 304 to those who have them already: below Nest, where it costs least. */
export function sendRendered(server: FastifyInstance): void {
  server.addHook('preSerialization', (request, reply, payload, done) => {
    if (payload instanceof Rendered) announce(payload, request, reply);
    done(null, payload);
  });
  // As bytes: to measure a text and to put the headers before it would copy it each time.
  server.setReplySerializer((payload) =>
    payload instanceof Rendered ? (Buffer.from(payload.json) as never) : JSON.stringify(payload),
  );
}

function announce(
  { options: { etag, nextCursor, status, headers } }: Rendered,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  void reply.type('application/json; charset=utf-8');
  if (headers) void reply.headers(headers);
  if (status !== undefined) void reply.code(status);
  if (nextCursor) void reply.header('link', `<${nextPage(request.url, nextCursor)}>; rel="next"`);
  if (etag === undefined) return;
  void reply.header('etag', etag);
  const known = request.headers['if-none-match'];
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (known !== undefined && isRead && names(known, etag)) void reply.code(304);
}

function nextPage(url: string, cursor: string): string {
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  const parameters = new URLSearchParams(query < 0 ? '' : url.slice(query));
  parameters.set('cursor', cursor);
  return `${path}?${parameters.toString()}`;
}

/** What is read of a list at once, and whether there is more behind it. */
interface Listed<Row> {
  readonly rows: readonly Row[];
  readonly more: boolean;
}
interface Versioned {
  readonly id: string;
  readonly version: number;
}

/** A single record with its version as ETag. */
export const single = (record: Versioned): Rendered =>
  new Rendered(JSON.stringify(record), { etag: etagOf(record.version) });

/** One whose state goes on while its version stays: the version is of what callers change, the ETag of all that is shown. */
export const singleInMotion = (record: Versioned): Rendered => {
  const json = JSON.stringify(record);
  return new Rendered(json, { etag: etagOf(record.version, json) });
};

/** One that was just made, and where it is read from now on. */
export const singleMade = (path: string, record: Versioned): Rendered =>
  new Rendered(JSON.stringify(record), {
    etag: etagOf(record.version),
    headers: { location: `${path}/${record.id}` },
  });

/** A page of a list whose records are text already. */
export const pageOf = (
  records: readonly string[],
  page: { readonly limit: number; readonly nextCursor: string | null; readonly resumeCursor?: string },
): Rendered => {
  // Put together in one go: a page, with what stands around it added, would be copied once more before it is sent.
  const parts = [...records];
  parts[0] = `{"data":[${parts[0] ?? ''}`;
  parts.push(`${parts.pop() ?? ''}],"page":${JSON.stringify(page)}}`);
  return new Rendered(parts.join(','), page);
};

/** A page of a list whose records are still objects. */
export const listed = (data: readonly unknown[], limit: number, nextCursor: string | null): Rendered =>
  new Rendered(JSON.stringify({ data, page: { limit, nextCursor } }), { nextCursor });

/** A page of a list in the order of a name that each row has, with the cursor of what follows. `list` says which list it is, `read` reads it. */
export const listedBy =
  <Row>(nameOf: (row: Row) => string) =>
  async (
    cursors: Cursors,
    list: unknown,
    { limit = DEFAULT_LIMIT, cursor }: { readonly [P in keyof PagingQuery]: PagingQuery[P] | undefined },
    read: (page: {
      readonly after: string | null;
      readonly limit: number;
    }) => Listed<Row> | Promise<Listed<Row>>,
  ): Promise<Rendered> => {
    const { rows, more } = await read({ after: cursors.read(list, cursor)?.[0] ?? null, limit });
    const last = rows.at(-1);
    return listed(rows, limit, more && last ? cursors.write(list, [nameOf(last)]) : null);
  };

/** The same in the order of the ids. */
export const listedById = listedBy(({ id }: { readonly id: string }) => id);
