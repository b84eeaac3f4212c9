import type { Socket } from 'node:net';
import type { Pool, PoolClient } from 'pg';
import { DatabaseSilent } from './errors';
import { Pipeline } from './pipeline';

/** More of them would leave less for transactions, and put less of what comes at the same time into one message. */
const MOST = 4;

/** No read takes as long. The kernel would go on trying for a quarter of an hour to reach a database that is cut off. */
const SILENT_MS = 20_000;

/** Ends a connection, and with it whatever waits for an answer on it. */
const hangUp = (client: PoolClient): void => {
  (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy(new DatabaseSilent());
};

/** A connection that several use at the same time. */
interface Lane {
  readonly client: Promise<PoolClient>;
  readonly lost: (failure: Error) => void;
  users: number;
  broken: Error | undefined;
}

/**
 * Connections on which whatever is a transaction by itself follows whatever was sent before it, without waiting for its
 * answer. Many readers at once then cost a few system calls, and never all of the pool's connections.
 */
export class Lanes {
  private readonly lanes = new Set<Lane>();

  constructor(private readonly pool: Pool) {}

  /** Gives a way over the least used of the connections. */
  async use<T>(work: (line: Pipeline) => Promise<T>): Promise<T> {
    const lane = this.best();
    lane.users += 1;
    let late: NodeJS.Timeout | undefined;
    try {
      const client = await lane.client;
      late = setTimeout(hangUp, SILENT_MS, client);
      const line = new Pipeline(client, { isShared: true });
      return await work(line).finally(() => {
        line.end();
      });
    } finally {
      clearTimeout(late);
      await this.leave(lane);
    }
  }

  private best(): Lane {
    if (this.lanes.size < MOST) return this.open();
    return [...this.lanes].reduce((best, lane) => (lane.users < best.users ? lane : best));
  }

  private open(): Lane {
    const lane: Lane = {
      client: this.pool.connect(),
      users: 0,
      broken: undefined,
      // Nobody follows on a connection that is lost; those who are on their way hear of it from it.
      lost: (failure) => {
        lane.broken = failure;
        this.lanes.delete(lane);
      },
    };
    this.lanes.add(lane);
    lane.client.then((client) => client.on('error', lane.lost), lane.lost);
    return lane;
  }

  /** The last one gives the connection back. */
  private async leave(lane: Lane): Promise<void> {
    lane.users -= 1;
    if (lane.users > 0) return;
    this.lanes.delete(lane);
    const client = await lane.client.catch(() => null);
    client?.off('error', lane.lost);
    client?.release(lane.broken);
  }
}
