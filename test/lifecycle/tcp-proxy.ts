import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** The road to a database, which can be cut, blocked and mended. */
export interface Road {
  /** The same database by this road. */
  readonly url: string;
  /** Connections break, and new ones are refused. */
  cut(): void;
  /** Connections stay, and nothing gets through: what a lost route looks like. */
  block(): void;
  mend(): void;
  close(): Promise<void>;
}

type State = 'open' | 'cut' | 'blocked';

/** Puts a TCP proxy before the server that `url` names. */
export async function roadTo(url: string): Promise<Road> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let state: State = 'open';
  const server = createServer((near) => {
    if (state === 'cut') {
      near.resetAndDestroy();
      return;
    }
    const far = connect(Number(port), hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => to.write(chunk));
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      if (state === 'blocked') from.pause();
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: Object.assign(new URL(url), { port: String((server.address() as AddressInfo).port) }).href,
    cut: () => {
      state = 'cut';
      for (const socket of sockets) socket.resetAndDestroy();
    },
    block: () => {
      state = 'blocked';
      for (const socket of sockets) socket.pause();
    },
    mend: () => {
      state = 'open';
      for (const socket of sockets) socket.resume();
    },
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
