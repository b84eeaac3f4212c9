import { realpathSync } from 'node:fs';
import { binariesFor } from './embedded-binaries';
import {
  GATEWAY,
  gatewayPassword,
  makeCluster,
  makeGatewayRole,
  superuserPassword,
  withClient,
} from './embedded-cluster';
import { choosePlace } from './embedded-place';
import { isRunning, serverFor, stopServer, type Launch, type Server } from './embedded-server';

/** How to start the database that comes with the gateway. */
export interface EmbeddedPostgresOptions {
  /** Kept between starts. Where the database's account cannot get there, a place below the temporary directory is taken. */
  readonly dataDir: string;
  /** False is for tests: faster, and a power cut may destroy the data. */
  readonly durable?: boolean;
  readonly log?: (message: string) => void;
}

/** A PostgreSQL of the gateway's own, listening on the loopback address. */
export interface EmbeddedPostgres {
  /** The superuser's address, for making and dropping databases. */
  readonly adminUrl: string;
  /** The address of the role `gateway` and of the database that it owns. */
  readonly url: string;
  /** Whether a server that ran already was taken over, such as the one of a gateway that was killed. */
  readonly reused: boolean;
  readonly dataDir: string;
  /** Ends the server. A second gateway on the same data starts it again. */
  stop(): Promise<void>;
}

const WATCH_MS = 500;

function address(server: Server, [role, password]: readonly [string, string], database: string): string {
  return `postgres://${role}:${password}@127.0.0.1:${String(server.port)}/${database}`;
}

async function refuseForeign(adminUrl: string, dataDir: string): Promise<void> {
  const { rows } = await withClient(adminUrl, (client) =>
    client.query<{ data_directory: string }>('SHOW data_directory'),
  );
  const actual = rows[0]?.data_directory ?? '';
  if (realpathSync(actual) !== realpathSync(dataDir))
    throw new Error(`The server found for ${dataDir} serves ${actual}`);
}

/** Starts a server that died again, on the same port, since the pools know that one. Returns the way to let it go. */
function keepRunning(launch: Launch, log: (message: string) => void): () => Promise<void> {
  let busy: Promise<void> | null = null;
  let lastProblem = '';
  const revive = async (): Promise<void> => {
    try {
      await serverFor(launch);
      lastProblem = '';
      log('PostgreSQL had ended and was started again.');
    } catch (error) {
      const { message } = error as Error;
      if (message !== lastProblem) log(`PostgreSQL has ended and does not start: ${message}`);
      lastProblem = message;
    }
  };
  const watch = setInterval(() => {
    if (busy || isRunning(launch.dataDir)) return;
    busy = revive().finally(() => (busy = null));
  }, WATCH_MS);
  watch.unref();
  return async () => {
    clearInterval(watch);
    await busy;
  };
}

/**
 * Starts a real PostgreSQL from the binaries that npm installs, or takes over the one that already serves this data: a
 * gateway that was killed leaves its own behind. Nothing is locked but by PostgreSQL itself, so that a kill at any point
 * leaves nothing to clean up, and two starts at once end with one server.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? ((): void => undefined);
  const place = choosePlace(options.dataDir, log);
  const { dataDir } = place;
  const binaries = binariesFor(place.user);
  const password = superuserPassword(place);
  const durable = options.durable ?? true;
  await makeCluster(place, binaries, durable);

  const launch = { ...place, binaries, durable, port: 0 };
  const server = await serverFor(launch);
  const adminUrl = address(server, ['postgres', password], 'postgres');
  await refuseForeign(adminUrl, dataDir);
  await makeGatewayRole(adminUrl, gatewayPassword(password));

  const letGo = keepRunning({ ...launch, port: server.port }, log);
  let stopped: Promise<void> | null = null;
  return {
    adminUrl,
    url: address(server, [GATEWAY, gatewayPassword(password)], GATEWAY),
    reused: server.reused,
    dataDir,
    stop: () => (stopped ??= letGo().then(() => stopServer(dataDir))),
  };
}
