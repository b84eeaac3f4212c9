import { rmSync } from 'node:fs';
import './jest-global-setup';

/** Stops the run's PostgreSQL and removes what it wrote. */
export default async function tearDown(): Promise<void> {
  const server = globalThis.testServer;
  if (!server) return;
  await server.postgres.stop();
  rmSync(server.directory, { recursive: true, force: true });
}
