import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { startEmbeddedPostgres as Start } from '../../src/platform/database/embedded';
import {
  startGateway,
  startSandboxes,
  syncAll,
  type BenchGateway,
  type SandboxFacts,
  type SyncFigures,
} from './gateway';
import type { Measured } from './process';
import { benchFollowing, type BenchDatabase } from './follow';
import { benchReads } from './reads';
import { benchWrites } from './writes';

const CLIENTS = 20_000;
const APPOINTMENTS = 100_000;
const TIMES = 10;
/** Writes are measured on a clinic of everyday size. */
const FEW_CLIENTS = 400;
const FEW_APPOINTMENTS = 2_000;

interface Synced {
  readonly gateway: BenchGateway;
  readonly adminUrl: string;
  readonly sandboxes: { readonly process: Measured; readonly facts: readonly SandboxFacts[] };
  readonly end: () => Promise<void>;
}

/** An empty PostgreSQL of its own. */
async function newDatabase(): Promise<BenchDatabase> {
  const built = (await import(join(process.cwd(), 'dist/platform/database/embedded.js'))) as {
    startEmbeddedPostgres: typeof Start;
  };
  const dataDir = join(mkdtempSync(join(tmpdir(), 'gateway-bench-')), 'postgres');
  const postgres = await built.startEmbeddedPostgres({ dataDir });
  return {
    url: postgres.url,
    adminUrl: postgres.adminUrl.replace(/\/[^/]*$/, '/gateway'),
    drop: async () => {
      await postgres.stop();
      rmSync(postgres.dataDir, { recursive: true, force: true });
    },
  };
}

/** A fresh database, sandboxes of that size, the gateway, and one full sync of all of it. */
async function synced(clients: number, appointments: number): Promise<Synced> {
  const database = await newDatabase();
  const sandboxes = await startSandboxes(clients, appointments);
  const gateway = await startGateway(database.url, sandboxes.hosts);
  const cpu = gateway.process.cpuMs();
  const figures = await syncAll(gateway, sandboxes.facts);
  report(figures, gateway.process.cpuMs() - cpu, gateway.process.peakMiB());
  return {
    gateway,
    adminUrl: database.adminUrl,
    sandboxes,
    end: async () => {
      await gateway.process.stop();
      await database.drop();
    },
  };
}

function report({ records, seconds, byVendor }: SyncFigures, cpuMs: number, peakMiB: number): void {
  console.log(`\nfull sync of ${String(records)} records from four sandboxes at once`);
  console.log(
    `  ${(records / seconds).toFixed(0)} records/s (${seconds.toFixed(1)} s), gateway ${((cpuMs * 1000) / records).toFixed(0)} us CPU/record, peak ${peakMiB.toFixed(0)} MiB`,
  );
  for (const [vendor, one] of Object.entries(byVendor))
    console.log(
      `  ${vendor.padEnd(10)} ${String(one.records).padStart(7)} in ${one.seconds.toFixed(1)} s: ${(one.records / one.seconds).toFixed(0)} records/s`,
    );
}

async function writes(): Promise<void> {
  const { gateway, sandboxes, end } = await synced(FEW_CLIENTS, FEW_APPOINTMENTS);
  try {
    await benchWrites(gateway, sandboxes.facts);
  } finally {
    await sandboxes.process.stop();
    await end();
  }
}

async function syncAndReads(times: number): Promise<void> {
  const { gateway, adminUrl, sandboxes, end } = await synced(CLIENTS * times, APPOINTMENTS * times);
  await sandboxes.process.stop();
  try {
    if (times === 1) await benchReads(gateway, adminUrl);
  } finally {
    await end();
  }
}

/**
 * `npm run bench` measures a full sync and the reads from what it brought; `npm run bench -- scale` a sync of ten times as
 * much; `npm run bench -- writes` what the gateway adds to a vendor's answer; `npm run bench -- follow` how soon changes are
 * told, how many webhooks go out, and a thousand schedules.
 */
async function main(): Promise<void> {
  if (process.argv.includes('writes')) await writes();
  else if (process.argv.includes('follow')) await benchFollowing(newDatabase);
  else await syncAndReads(process.argv.includes('scale') ? TIMES : 1);
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
