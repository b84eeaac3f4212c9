import type { Readable } from 'node:stream';
import axios, { type AxiosInstance } from 'axios';
import { Exits, FORBIDDEN, type HostAllowlist } from '../platform/outgoing';
import { VERSION } from '../platform/version';

const PATIENCE_MS = 15_000;
const MOST_BYTES = 16 * 1024;
const LINGER_MS = 1_000;
const KEPT_ALIVE = { keepAlive: true, maxFreeSockets: 64 };

/** One try to deliver. */
export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
/** What came of it. `error` is null where the receiver took it (2xx in time). */
export interface Outcome {
  readonly status: number | null;
  readonly error: string | null;
  readonly retryAfter: string | null;
  readonly latencyMs: number;
}

/** Sends webhooks: no redirects, no proxy, fifteen seconds, and nothing to an address that is not public. */
export class WebhookSender {
  private readonly exits: Exits;
  private readonly client: AxiosInstance = axios.create({
    method: 'POST',
    maxRedirects: 0,
    proxy: false,
    decompress: false,
    // The status is all that counts; the body is let run out beside it.
    responseType: 'stream',
    transformRequest: (body: unknown) => body,
    validateStatus: () => true,
  });

  constructor(allowed: HostAllowlist) {
    this.exits = new Exits(allowed, KEPT_ALIVE);
  }

  /** Tries once; whatever goes wrong is an outcome. Rejects only when `stop` gives it up. */
  async send({ url, headers, body }: Post, stop: AbortSignal | null = null): Promise<Outcome> {
    const started = performance.now();
    const late = AbortSignal.timeout(PATIENCE_MS);
    try {
      const {
        status,
        headers: answered,
        data,
      } = await this.client.request<Readable>({
        ...this.exits.to(url),
        url,
        headers: { 'user-agent': `scheduling-gateway/${VERSION}`, accept: '*/*', ...headers },
        data: body,
        signal: stop ? AbortSignal.any([late, stop]) : late,
      });
      letRunOut(data);
      const after: unknown = answered['retry-after'];
      return {
        status,
        error: refusal(status),
        retryAfter: typeof after === 'string' ? after : null,
        latencyMs: Math.round(performance.now() - started),
      };
    } catch (error) {
      stop?.throwIfAborted();
      const latencyMs = Math.round(performance.now() - started);
      return { status: null, error: late.aborted ? 'timeout' : silence(error), retryAfter: null, latencyMs };
    }
  }

  close(): void {
    this.exits.close();
  }
}

/** What a status means where it is no success. A redirect is none: what it leads to was never agreed on. */
function refusal(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  return status >= 300 && status < 400 ? 'redirected' : status === 410 ? 'gone' : 'refused';
}

/** Why no answer came at all. */
function silence(error: unknown): string {
  const { code } = error as { code?: unknown };
  if (code === FORBIDDEN) return 'address_not_allowed';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'name_not_found';
  return typeof code === 'string' && /CERT|TLS|SSL|SELF_SIGNED|VERIFY/.test(code)
    ? 'tls_failed'
    : 'connection_failed';
}

/** A short body is read to its end, so that the connection serves again; a long or slow one ends it. */
function letRunOut(body: Readable): void {
  let bytes = 0;
  const linger = setTimeout(() => body.destroy(), LINGER_MS);
  body.on('close', () => {
    clearTimeout(linger);
  });
  body.on('error', () => undefined);
  body.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) body.destroy();
  });
}
