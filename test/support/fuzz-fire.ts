import { request as send, type Agent } from 'node:http';

export const MIB = 1024 * 1024;

/** A request as its bytes go out. */
export interface Shot {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer | null;
  /** In pieces, without saying how many bytes there will be. */
  readonly chunked: boolean;
}
/** What came back. */
export interface Hit {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** How many bytes come, or that nobody knows. */
const framing = ({ body, chunked }: Shot): [string, string] =>
  chunked && body ? ['Transfer-Encoding', 'chunked'] : ['Content-Length', String(body?.length ?? 0)];

/** Sends a request, and reads the answer whole; null where the connection broke before one came. */
export function fire(url: string, agent: Agent, shot: Shot): Promise<Hit | null> {
  const { method, path, body } = shot;
  const { hostname, port, host } = new URL(url);
  const named = shot.headers.filter(([name]) => body !== null || name !== 'Content-Type');
  const headers = [['Host', host], ...named, ...(body || method !== 'GET' ? [framing(shot)] : [])].flat();
  return new Promise((resolve) => {
    const request = send({ hostname, port, method, path, agent, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('close', () => {
        const { statusCode: status = 0 } = answer;
        resolve({ status, headers: answer.headers, text: Buffer.concat(parts).toString() });
        // Who is refused early need not hear the rest.
        if (!request.writableEnded) request.destroy();
      });
    });
    request.on('error', () => {
      resolve(null);
    });
    for (let at = 0; body && at < body.length; at += MIB) request.write(body.subarray(at, at + MIB));
    request.end();
  });
}
