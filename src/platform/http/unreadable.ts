import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { newId } from '../ids';
import { Problem, problemBody, PROBLEMS, type ProblemCode } from './problems';

/** How long a caller may take to say what is wanted, and how Node is to look after it. */
export const PATIENCE = {
  /** The request line and the headers. */
  headersTimeout: 10_000,
  /** The whole request, its body too. */
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1_000,
  // Node's own answer would be no problem+json: `ambiguity` looks for the header.
  requireHostHeader: false,
} as const;
const PARTING_MS = 1_000;

/** What an API that is no page needs: nothing of it is ever shown, framed, sniffed or kept. */
export const API_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
} as const;

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};
const BY_CODE: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'The request did not arrive in time'],
  HPE_HEADER_OVERFLOW: ['request_too_long', 'The request line and headers are longer than 16 KiB'],
};

/** What Node keeps of a connection: the answer that is under way, and the request that is being read. */
type Read = Duplex & { _httpMessage?: ServerResponse; parser?: { incoming?: IncomingMessage | null } | null };

/**
 * Whether the request that cannot be read to its end has an answer, or another is being answered just now: whatever is sent
 * then would be taken for the answer to something else.
 */
function isAnswered({ _httpMessage: begun, parser }: Read): boolean {
  const isBodyLeft = parser?.incoming?.complete === false;
  return begun ? begun.headersSent : isBodyLeft;
}

/** What Node cannot parse never becomes a request: this is all the answer that there can be. */
export function answerUnreadable(error: { code?: string }, socket: Duplex): void {
  if (!socket.writable || isAnswered(socket)) {
    socket.destroy();
    return;
  }
  const [code, detail] = BY_CODE[error.code ?? ''] ?? [
    'malformed_request',
    'The request cannot be read as HTTP',
  ];
  const requestId = newId();
  const body = JSON.stringify(problemBody(new Problem(code, detail), { instance: '/', requestId }));
  const { status } = PROBLEMS[code];
  const headers = {
    ...API_HEADERS,
    'x-request-id': requestId,
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${String(status)} ${REASONS[status] ?? ''}\r\n${head.join('')}\r\n${body}`);
  // Whoever keeps the other half open does not keep ours.
  setTimeout(() => socket.destroy(), PARTING_MS).unref();
}

/** Answers what Node would otherwise answer in its own words, or not at all. */
export function answerInOurWords(server: Server): void {
  // Their length limits them; past a number Node would leave some out without a word.
  server.maxHeadersCount = 0;
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
    server.emit('request', request, response),
  );
  server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    answerUnreadable({}, socket);
  });
}

/** Headers that mean nothing when they are given twice: whoever stands before us may have read the other one. */
const SINGLE: ReadonlySet<string> = new Set([
  'authorization',
  'content-length',
  'content-type',
  'host',
  'idempotency-key',
]);

/** Which header makes a request ambiguous: one that is given twice, or a `Host` that is missing; null where none does. */
export function ambiguity({ rawHeaders, headers, httpVersion }: IncomingMessage): string | null {
  const seen = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? '';
    if (!SINGLE.has(name)) continue;
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return headers.host === undefined && httpVersion !== '1.0' ? 'host' : null;
}
