import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

/** A call as it arrived. */
export interface Received {
  readonly path: string;
  readonly at: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly id: string;
  readonly signatures: readonly string[];
}
/** What a webhook says. */
export interface Told {
  readonly type: string;
  readonly timestamp: string;
  readonly data: {
    readonly id: string;
    readonly connectionId: string;
    readonly resource: string;
    readonly changed: readonly string[];
    readonly record?: Readonly<Record<string, unknown>>;
  };
}
/** How a path answers the nth call to it, counted from 0; one that ends nothing hangs. */
export type Behaviour = (response: ServerResponse, nth: number, call: Received) => void;

/** Somebody who receives webhooks, at as many paths as a test likes. */
export interface WebhookReceiver {
  readonly host: string;
  url(path: string): string;
  /** Answers 204 unless told otherwise. */
  behave(path: string, behaviour: Behaviour): void;
  /** What has arrived at a path, in the order of its arrival. */
  at(path: string): readonly Received[];
  /** How many connections were ever opened. */
  readonly connections: number;
  close(): void;
}

/** Answers with a status and nothing else. */
export const answering =
  (status: number, headers: Readonly<Record<string, string>> = {}): Behaviour =>
  (response) => {
    response.writeHead(status, headers).end();
  };
/** Never answers. */
export const hanging: Behaviour = () => undefined;

/** What a call says, once its signature is found good; throws where it is not. */
export const verified = (secret: string, { body, headers }: Received): Told =>
  new Webhook(secret).verify(body, headers as Record<string, string>) as Told;

/** What a call says, whoever signed it. */
export const told = ({ body }: Received): Told => JSON.parse(body) as Told;

/** Starts a receiver on the loopback address. */
export async function startReceiver(): Promise<WebhookReceiver> {
  const calls: Received[] = [];
  const behaviours = new Map<string, Behaviour>();
  let connections = 0;
  const at = (path: string): Received[] => calls.filter((call) => call.path === path);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      const { headers } = request;
      const call: Received = {
        path,
        at: Date.now(),
        headers,
        body: Buffer.concat(chunks).toString(),
        id: String(headers['webhook-id']),
        signatures: String(headers['webhook-signature']).split(' '),
      };
      const nth = at(path).length;
      calls.push(call);
      (behaviours.get(path) ?? answering(204))(response, nth, call);
    });
  }).on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const host = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return {
    host,
    url: (path) => `http://${host}${path}`,
    behave: (path, behaviour) => behaviours.set(path, behaviour),
    at,
    get connections() {
      return connections;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
