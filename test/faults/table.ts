import type { Fault } from '../../src/vendors/kit/sandbox';
import { everyObject, firstRecord, repeating } from './alterations';
import { MOVING_LISTS } from './moving-lists';
import { ODD_RECORDS } from './odd-records';
import type { Listed, Row, Seen } from './row';
import type { Strangers } from './strangers';

const TRIES = 3;

const UNAVAILABLE = {
  status: 503,
  code: 'vendor_unavailable',
  retryable: true,
  retryAfterSeconds: 5,
} as const;
const BROKEN = { status: 502, code: 'vendor_error', retryable: true } as const;
const NONSENSE = { status: 502, code: 'vendor_invalid_response', retryable: true } as const;
const LATE = { status: 504, code: 'vendor_timeout', retryable: true } as const;
const UNKNOWN = { status: 504, code: 'vendor_timeout', retryable: true, outcome: 'unknown' } as const;
const REFUSED = { status: 424, code: 'vendor_auth_failed', retryable: false } as const;
const limited = (retryAfterSeconds: number) =>
  ({ status: 503, code: 'vendor_rate_limited', retryable: true, retryAfterSeconds }) as const;
const DONE = { status: 200 } as const;

/** A sync that read nothing, changed nothing and deleted nothing. */
const unread = (code: string, retryable: boolean): Listed => ({
  sync: 'failed',
  errors: [code],
  setAside: 0,
  deleted: 0,
  connection: 'failing',
  lastError: { code, retryable },
  lost: false,
});
const WELL: Listed = {
  sync: 'succeeded',
  errors: [],
  setAside: 0,
  deleted: 0,
  connection: 'active',
  lastError: null,
  lost: false,
};
/** One record of the list could not be read: it is named, and nothing else happens to it. */
const ONE_ASIDE: Listed = {
  ...WELL,
  sync: 'partial',
  errors: ['invalid_record'],
  setAside: 1,
  connection: 'degraded',
};

type Failure = Seen & { readonly code: string; readonly retryable: boolean };

/** Fails every read three times; a write goes out once, and nobody knows what became of it. */
const failing = (failure: Failure, write: object = { ...UNKNOWN, tries: 1, written: 0 }): Row['seen'] => ({
  read: { ...failure, tries: TRIES },
  list: unread(failure.code, failure.retryable),
  write: write as NonNullable<Row['seen']['write']>,
  login: { ...failure, tries: TRIES },
});
/** The same for an answer that is spoilt once the deed is done: the look finds it. */
const spoilt = (failure: Failure): Row['seen'] => failing(failure, { ...DONE, tries: 1, written: 1 });
/** A refusal: an answer, and nobody asks twice. */
const refused = (failure: Failure, inLists: Failure = failure): Row['seen'] => ({
  read: { ...failure, tries: 1 },
  list: unread(inLists.code, inLists.retryable),
  write: { ...failure, tries: 1, written: 0 },
});
const status = (code: number, headers: Record<string, string> = {}): Fault => ({
  kind: 'status',
  status: code,
  headers,
});
const redirect =
  (code: number) =>
  ({ elsewhere }: Strangers): Fault =>
    status(code, { location: `${elsewhere}/somewhere` });

const inAnHour = (): string => new Date(Date.now() + 3_600_000).toUTCString();

/** The vendors whose lists of 120 clients have more than a page. */
const PAGED = ['penga', 'pexip', 'cliniko'];

export const ROWS: readonly Row[] = [
  {
    name: 'nobody listens',
    address: 'refusing',
    seen: failing(UNAVAILABLE, { ...UNAVAILABLE, written: 0 }),
  },
  {
    effort: 'least',
    name: 'a connection that never comes about',
    address: 'deaf',
    seen: failing(UNAVAILABLE, { ...UNAVAILABLE, written: 0 }),
  },
  {
    effort: 'least',
    name: 'a connection on which no TLS is agreed',
    address: 'silent',
    seen: failing(UNAVAILABLE, { ...UNAVAILABLE, written: 0 }),
  },
  {
    effort: 'all',
    name: 'a reset before anything is done',
    fault: { kind: 'reset' },
    seen: failing(UNAVAILABLE),
  },
  { name: 'a reset once it is done', fault: { kind: 'lost_answer' }, seen: spoilt(UNAVAILABLE) },
  { effort: 'all', name: 'a body that breaks off', fault: { kind: 'cut' }, seen: spoilt(NONSENSE) },
  { name: 'a body that is shorter than it says', fault: { kind: 'truncated' }, seen: spoilt(NONSENSE) },
  { name: 'a length that is too long', fault: { kind: 'too_long' }, seen: spoilt(NONSENSE) },
  { name: 'a length that is too short', fault: { kind: 'too_short' }, seen: spoilt(NONSENSE) },
  { name: 'a packed body that is cut', fault: { kind: 'cut_gzip' }, seen: spoilt(NONSENSE) },
  { name: 'a body that is not packed as it says', fault: { kind: 'wrong_gzip' }, seen: spoilt(NONSENSE) },
  { effort: 'least', name: 'nine megabytes', fault: { kind: 'huge' }, seen: failing(NONSENSE) },
  {
    effort: 'least',
    name: 'sixty-four megabytes in a small packet',
    fault: { kind: 'bomb' },
    seen: failing(NONSENSE),
  },
  { name: 'an answer that is no HTTP', fault: { kind: 'not_http' }, seen: failing(NONSENSE) },
  { effort: 'all', name: 'a page for people', fault: { kind: 'html' }, seen: failing(NONSENSE) },
  { name: 'half of a JSON text', fault: { kind: 'malformed' }, seen: failing(NONSENSE) },
  {
    name: 'nothing, with a 200',
    fault: { kind: 'empty' },
    // What a write without an answer means, each vendor's documentation says.
    seen: { read: { ...NONSENSE, tries: TRIES }, list: unread('vendor_invalid_response', true) },
  },
  { effort: 'all', name: 'a 500', fault: status(500), seen: failing(BROKEN) },
  { name: 'a 502', fault: status(502), seen: failing(UNAVAILABLE) },
  { effort: 'all', name: 'a 503', fault: status(503), seen: failing(UNAVAILABLE) },
  { name: 'a 504', fault: status(504), seen: failing(UNAVAILABLE) },
  {
    effort: 'all',
    name: 'two 500s, then all is well',
    fault: status(500),
    times: 2,
    seen: { read: { ...DONE }, list: WELL, login: { ...DONE, tries: TRIES } },
  },
  {
    name: 'a 503 that says when to come back',
    fault: status(503, { 'retry-after': '1' }),
    times: 1,
    seen: { read: { ...DONE } },
  },
  {
    name: 'a 429 for ten minutes',
    fault: status(429, { 'retry-after': '600' }),
    seen: { read: { ...limited(600), tries: 1 }, write: { ...limited(600), tries: 1, written: 0 } },
  },
  {
    name: 'a 429 for longer than anybody waits',
    fault: status(429, { 'retry-after': '99999999999' }),
    seen: { read: { ...limited(900), tries: 1 } },
  },
  {
    name: 'a 429 until a date of the vendor’s clock, which is an hour ahead',
    fault: () => {
      const date = inAnHour();
      return status(429, { date, 'retry-after': new Date(Date.parse(date) + 60_000).toUTCString() });
    },
    seen: { read: { ...limited(60), tries: 1 } },
  },
  {
    name: 'a 429 until the reset that Cliniko names',
    fault: () => {
      const now = Math.floor(Date.now() / 1000);
      const date = new Date(now * 1000).toUTCString();
      return status(429, { date, 'x-ratelimit-reset': String(now + 30) });
    },
    seen: { read: { ...limited(30), tries: 1 } },
  },
  {
    name: 'a 429 with nonsense for a time',
    fault: status(429, { 'retry-after': 'soon', 'x-ratelimit-reset': '-1' }),
    times: 1,
    seen: { read: { ...DONE } },
  },
  { name: 'a 429 that says nothing', fault: status(429), times: 1, seen: { read: { ...DONE } } },
  {
    effort: 'all',
    name: 'a 401',
    fault: status(401),
    seen: {
      read: { ...REFUSED, tries: { key: 1, token: 3 }, connection: 'failing' },
      list: unread('vendor_auth_failed', false),
      login: { ...REFUSED, tries: 1 },
    },
  },
  {
    effort: 'all',
    name: 'a 403',
    fault: status(403),
    seen: refused({ status: 424, code: 'vendor_forbidden', retryable: false }),
  },
  {
    effort: 'all',
    name: 'a 404 for everything',
    fault: status(404),
    seen: {
      list: unread('vendor_gone', false),
      write: { status: 404, code: 'vendor_gone', retryable: false, written: 0 },
    },
  },
  {
    name: 'a 409',
    fault: status(409),
    seen: refused({ status: 409, code: 'conflict', retryable: false }),
  },
  {
    effort: 'all',
    name: 'a 422',
    fault: status(422),
    seen: refused({ status: 422, code: 'vendor_rejected', retryable: false }),
  },
  ...[301, 302, 307, 308].map((code): Row => ({
    name: `a ${String(code)} to another host`,
    fault: redirect(code),
    seen: failing(NONSENSE),
  })),
  {
    effort: 'least',
    name: 'an answer that does not begin in time',
    fault: { kind: 'slow', ms: 4_000 },
    seen: { read: { ...LATE, tries: TRIES } },
  },
  {
    effort: 'none',
    name: 'a body that does not end in time',
    fault: { kind: 'drip', ms: 20_000 },
    seen: { read: { ...LATE, tries: TRIES }, write: { ...DONE, tries: 1, written: 1 } },
  },
  {
    effort: 'least',
    name: 'a clock that is a day behind',
    fault: { kind: 'headers', headers: { date: new Date(Date.now() - 86_400_000).toUTCString() } },
    seen: { read: { ...DONE }, list: WELL, write: { ...DONE, written: 1 }, login: { ...DONE } },
  },
  {
    effort: 'all',
    name: 'fields that nobody knows',
    fault: {
      kind: 'altered',
      by: (body) => everyObject(body, (one) => ({ ...one, surprise: { nested: [1, null] } })),
    },
    seen: { read: { ...DONE }, list: WELL, write: { ...DONE, written: 1 }, login: { ...DONE } },
  },
  {
    name: 'a record that is a number',
    fault: firstRecord(() => 42),
    times: 1,
    onLists: true,
    seen: { list: ONE_ASIDE },
  },
  {
    name: 'a record without anything',
    fault: firstRecord(() => ({})),
    times: 1,
    onLists: true,
    seen: { list: ONE_ASIDE },
  },
  {
    name: 'a record in which everything is a list',
    fault: firstRecord((record) =>
      everyObject(record, (one) => Object.fromEntries(Object.keys(one).map((key) => [key, [[]]]))),
    ),
    times: 1,
    onLists: true,
    seen: { list: ONE_ASIDE },
  },
  {
    effort: 'least',
    name: 'links that lead elsewhere',
    fault: ({ elsewhere }) => ({
      kind: 'altered',
      by: (body) =>
        JSON.parse(JSON.stringify(body).replace(/https?:\/\/127\.0\.0\.1:\d+/g, elsewhere)) as unknown,
    }),
    seen: { read: { ...DONE }, list: WELL, write: { ...DONE, written: 1 } },
  },
  {
    name: 'a page that comes again and again',
    fault: repeating,
    onLists: true,
    vendors: PAGED,
    seen: { list: unread('vendor_invalid_response', true) },
  },
  ...MOVING_LISTS,
  ...ODD_RECORDS,
];
