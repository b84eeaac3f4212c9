import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { FastifyReply } from 'fastify';

/** One way in which a vendor fails. Those that are done to the answer come after the request took effect. */
export type Fault =
  /** An answer of this status. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: unknown;
    }
  /** The connection is reset before anything is done, or once it is done. */
  | { readonly kind: 'reset' | 'lost_answer' }
  /** No answer to the question: a page for people, half of a JSON text, nothing, no HTTP, far too much. */
  | { readonly kind: 'html' | 'malformed' | 'empty' | 'not_http' | 'huge' | 'bomb' }
  /** The right answer, cut: against its length, in the middle of a chunk, in its packed form. */
  | { readonly kind: 'truncated' | 'cut' | 'cut_gzip' }
  /** The right answer under a length that is too long or too short, or said to be packed. */
  | { readonly kind: 'too_long' | 'too_short' | 'wrong_gzip' }
  /** The right answer, late; or its second half late. */
  | { readonly kind: 'slow' | 'drip'; readonly ms: number }
  | { readonly kind: 'error_after'; readonly status: number }
  /** The right answer with other headers. */
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string>> }
  /** The right answer with another body: for tests in the same process. */
  | { readonly kind: 'altered'; readonly by: (body: unknown) => unknown };

const HUGE_BYTES = 9 * 1024 * 1024;
const BOMB_BYTES = 64 * 1024 * 1024;
/** A wait that keeps no process alive: a sandbox that was closed has nobody to answer. */
const IDLY = { ref: false };

const json = (reply: FastifyReply, body: string | Buffer): FastifyReply =>
  reply
    .type('application/json')
    .serializer((same: unknown) => same as string)
    .send(body);

let bomb: Buffer | null = null;

/** Answers that hold nothing of what was asked. */
const NO_ANSWERS: Readonly<Record<string, (reply: FastifyReply) => unknown>> = {
  html: (reply) => reply.type('text/html').send('<html><body>Be right back</body></html>'),
  malformed: (reply) => json(reply, '{"data": [1, 2'),
  empty: (reply) => json(reply.code(200), ''),
  huge: (reply) => json(reply, `{"data": "${'x'.repeat(HUGE_BYTES)}"}`),
  bomb: (reply) =>
    json(reply.header('content-encoding', 'gzip'), (bomb ??= gzipSync(Buffer.alloc(BOMB_BYTES, ' ')))),
  reset: (reply) => reply.hijack().raw.socket?.resetAndDestroy(),
  not_http: (reply) => reply.hijack().raw.socket?.end('220 mail.example ESMTP\r\n'),
};

/** Whether the request reaches the vendor's data in spite of the fault. */
export const takesEffect = (fault: Fault | undefined): boolean =>
  fault === undefined || !(fault.kind === 'status' || fault.kind in NO_ANSWERS);

/** Faults that answer in the vendor's place. */
export async function answerInstead(fault: Fault, reply: FastifyReply): Promise<void> {
  if (fault.kind === 'status')
    reply
      .code(fault.status)
      .headers(fault.headers ?? {})
      .send(fault.body ?? { message: 'fault' });
  else if (fault.kind === 'slow') await pause(fault.ms, null, IDLY);
  else NO_ANSWERS[fault.kind]?.(reply);
}

type Bytes = (body: Buffer) => {
  readonly headers: Readonly<Record<string, string | number>>;
  readonly sent: Buffer;
  /** The connection ends after them, though more was announced. */
  readonly hangsUp?: boolean;
};
const halfOf = (body: Buffer): Buffer => body.subarray(0, body.length / 2);

/** Answers whose bytes are not what their headers say. */
const SPOILT_BYTES: Readonly<Record<string, Bytes>> = {
  truncated: (body) => ({ headers: { 'content-length': body.length }, sent: halfOf(body), hangsUp: true }),
  cut: (body) => ({ headers: {}, sent: halfOf(body), hangsUp: true }),
  cut_gzip: (body) => {
    const sent = halfOf(gzipSync(body));
    return { headers: { 'content-encoding': 'gzip', 'content-length': sent.length }, sent };
  },
  wrong_gzip: (body) => ({
    headers: { 'content-encoding': 'gzip', 'content-length': body.length },
    sent: body,
  }),
  too_long: (body) => ({ headers: { 'content-length': body.length + 10, connection: 'close' }, sent: body }),
  too_short: (body) => ({ headers: { 'content-length': halfOf(body).length }, sent: body }),
};

/** Writes an answer past fastify, which would put its headers right. */
function byHand(reply: FastifyReply, headers: Readonly<Record<string, string | number>>): ServerResponse {
  const { raw } = reply.hijack();
  return raw.writeHead(reply.statusCode, { 'content-type': 'application/json', ...headers });
}

function sendSpoilt(bytes: Bytes, reply: FastifyReply, body: Buffer): void {
  const { headers, sent, hangsUp } = bytes(body);
  const raw = byHand(reply, headers);
  if (hangsUp) raw.write(sent, () => raw.socket?.destroy());
  else raw.end(sent);
}

/** Faults that spoil the answer to what was done. */
export function spoil(fault: Fault, reply: FastifyReply, payload: unknown): unknown {
  const body = Buffer.from(typeof payload === 'string' ? payload : '');
  switch (fault.kind) {
    case 'lost_answer':
      reply.raw.socket?.resetAndDestroy();
      return payload;
    case 'error_after':
      reply.code(fault.status).header('content-length', 21);
      return '{"message":"failure"}';
    case 'drip': {
      const raw = byHand(reply, { 'content-length': body.length });
      raw.write(halfOf(body));
      void pause(fault.ms, null, IDLY).then(() => raw.end(body.subarray(body.length / 2)));
      return payload;
    }
    case 'headers':
      reply.headers(fault.headers);
      return payload;
    case 'altered':
      reply.removeHeader('content-length');
      return body.length === 0 ? payload : JSON.stringify(fault.by(JSON.parse(String(body))));
    default: {
      const bytes = SPOILT_BYTES[fault.kind];
      if (bytes) sendSpoilt(bytes, reply, body);
      return payload;
    }
  }
}
