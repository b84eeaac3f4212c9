import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { ShownProblem } from './calls';

/** An answer as its bytes came. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** How long a server may take to say anything at all, on a busy machine. */
const SILENCE_MS = 5_000;

/** All that a server says to these bytes, until it closes or says nothing more for a while. The pieces go out one after the other. */
export async function said(
  url: string,
  pieces: readonly (string | Buffer)[],
  { quietMs = 700, betweenMs = 20 }: { quietMs?: number; betweenMs?: number } = {},
): Promise<{ text: string; closed: boolean }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = '';
  const over = new AbortController();
  let heardAt = performance.now();
  socket.setEncoding('utf8');
  socket.on('data', (more: string) => {
    text += more;
    heardAt = performance.now();
  });
  const end = (): void => {
    over.abort();
  };
  socket.on('error', end).on('end', end);
  for (const piece of pieces) {
    if (!over.signal.aborted) socket.write(piece);
    heardAt = performance.now();
    await pause(betweenMs);
  }
  while (!over.signal.aborted && performance.now() - heardAt < (text === '' ? SILENCE_MS : quietMs))
    await pause(20);
  socket.destroy();
  return { text, closed: over.signal.aborted };
}

/** The answers in what was said, each with a length or in chunks. */
export function answersIn(text: string): RawAnswer[] {
  const answers: RawAnswer[] = [];
  for (let rest = text; rest !== '';) {
    const end = rest.indexOf('\r\n\r\n');
    const [first, ...lines] = rest.slice(0, end).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first ?? '')?.[1]);
    if (end < 0 || !status) throw new Error(`no answer: ${rest.slice(0, 200)}`);
    const headers = new Map(
      lines.map((line) => [
        line.slice(0, line.indexOf(':')).toLowerCase(),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
    );
    const after = Buffer.from(rest.slice(end + 4));
    const length = status < 200 ? 0 : Number(headers.get('content-length') ?? after.length);
    answers.push({ status, headers, body: after.subarray(0, length).toString() });
    rest = after.subarray(length).toString();
  }
  return answers;
}

/** The body as a problem. */
export const problemIn = ({ body }: RawAnswer): ShownProblem => JSON.parse(body) as ShownProblem;
