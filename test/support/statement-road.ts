import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Gateway } from './gateway';

/** Where traffic stops: before a statement is sent, or before the word that it was committed comes back. */
export interface Stop {
  /** Text of a statement, or its name: both stand in what is sent as they are. */
  readonly statement: string;
  readonly at: 'statement' | 'commit';
}
/** A road to PostgreSQL that stops one connection at a decided point, and leaves the others alone. */
export interface StatementRoad {
  readonly url: string;
  /** From now on; resolves as soon as somebody has come to that point and stands there. */
  stopAt(stop: Stop): Promise<void>;
  /** Lets everybody pass from now on; whoever stands goes on, if he still lives. */
  open(): void;
  close(): Promise<void>;
}

const COMMITTED = Buffer.from('COMMIT\0');

/** Puts a proxy before the server that `url` names. What is said is plain text: no TLS on loopback. */
async function statementRoad(url: string): Promise<StatementRoad> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let stop: (Stop & { reached: () => void }) | null = null;
  let held: (() => void)[] = [];
  const reached = (goOn: () => void): void => {
    held.push(goOn);
    stop?.reached();
    stop = null;
  };
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    let isMarked = false;
    /** Whether this piece of what is said is the point at which the connection shall stand. */
    const isPoint = (chunk: Buffer, isAsked: boolean): boolean => {
      if (!stop) return false;
      if (!isAsked) return isMarked && chunk.includes(COMMITTED);
      if (!chunk.includes(stop.statement)) return false;
      isMarked = stop.at === 'commit';
      return !isMarked;
    };
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => {
        if (!isPoint(chunk, from === near)) {
          to.write(chunk);
          return;
        }
        from.pause();
        reached(() => {
          to.write(chunk);
          from.resume();
        });
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: Object.assign(new URL(url), { port: String((server.address() as AddressInfo).port) }).href,
    stopAt: (wanted) =>
      new Promise((resolve) => {
        stop = { ...wanted, reached: resolve };
      }),
    open: () => {
      stop = null;
      for (const goOn of held) goOn();
      held = [];
    },
    close: async () => {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** Lays a road to the database that a gateway was given, and starts the gateway again behind it. */
export async function roadUnder(gateway: Gateway): Promise<StatementRoad> {
  const road = await statementRoad(gateway.database.url);
  await gateway.kill('SIGTERM');
  await gateway.restart({ DATABASE_URL: road.url });
  return road;
}
