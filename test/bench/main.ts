import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EmbeddedPostgres, startEmbeddedPostgres as Start } from '../../src/platform/database/embedded';
import { startGateway, startSandboxes, syncAll, type BenchGateway, type SyncFigures } from './gateway';
import { benchReads } from './reads';

const CLIENTS = 20_000;
const APPOINTMENTS = 100_000;
const TIMES = 10;

interface Synced {
  readonly gateway: BenchGateway;
  readonly postgres: EmbeddedPostgres;
  readonly end: () => Promise<void>;
}

/** A fresh database, sandboxes of that size, the gateway, and one full sync of all of it. */
async function synced(clients: number, appointments: number): Promise<Synced> {
  const built = (await import(join(process.cwd(), 'dist/platform/database/embedded.js'))) as {
    startEmbeddedPostgres: typeof Start;
  };
  const dataDir = join(mkdtempSync(join(tmpdir(), 'gateway-bench-')), 'postgres');
  const postgres = await built.startEmbeddedPostgres({ dataDir });
  const sandboxes = await startSandboxes(clients, appointments);
  const gateway = await startGateway(postgres.url, sandboxes.hosts);
  const cpu = gateway.process.cpuMs();
  const figures = await syncAll(gateway, sandboxes.facts);
  report(figures, gateway.process.cpuMs() - cpu, gateway.process.peakMiB());
  await sandboxes.process.stop();
  return {
    gateway,
    postgres,
    end: async () => {
      await gateway.process.stop();
      await postgres.stop();
      rmSync(postgres.dataDir, { recursive: true, force: true });
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

/** `npm run bench` measures a full sync and the reads from what it brought; `npm run bench -- scale` ten times as much. */
async function main(): Promise<void> {
  const times = process.argv.includes('scale') ? TIMES : 1;
  const { gateway, postgres, end } = await synced(CLIENTS * times, APPOINTMENTS * times);
  try {
    if (times === 1) await benchReads(gateway, postgres.adminUrl.replace(/\/[^/]*$/, '/gateway'));
  } finally {
    await end();
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
