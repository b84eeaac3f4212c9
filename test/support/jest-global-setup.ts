import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/platform/database/embedded';
import { isAlive, stopServer } from '../../src/platform/database/embedded-server';
import { makeTemplate, SHARED } from './database';

/** What the tear-down has to put away. */
export interface TestServer {
  readonly postgres: EmbeddedPostgres;
  readonly directory: string;
}

declare global {
  var testServer: TestServer | undefined;
}

const PREFIX = 'gateway-jest-';
const TEMPLATE = 'template_gateway';

/** Runs that were interrupted leave their server behind. */
async function clearAbandoned(): Promise<void> {
  const abandoned = readdirSync(tmpdir()).filter(
    (name) => name.startsWith(PREFIX) && !isAlive(Number(name.slice(PREFIX.length).split('-')[0])),
  );
  for (const name of abandoned) {
    const directory = join(tmpdir(), name);
    try {
      await stopServer(join(directory, 'postgres'));
      rmSync(directory, { recursive: true, force: true });
    } catch {
      // Another account's: not ours to clear.
    }
  }
}

/** One PostgreSQL for the whole run. Specs that need no database run without a build, so a missing one is their own error. */
export default async function setUp(): Promise<void> {
  await clearAbandoned();
  const directory = mkdtempSync(join(tmpdir(), `${PREFIX}${String(process.pid)}-`));
  chmodSync(directory, 0o711);
  const postgres = await startEmbeddedPostgres({ dataDir: join(directory, 'postgres'), durable: false });
  globalThis.testServer = { postgres, directory };

  process.env[SHARED.adminUrl] = postgres.adminUrl;
  process.env[SHARED.url] = postgres.url;
  process.env[SHARED.template] = TEMPLATE;
  try {
    await makeTemplate(postgres.adminUrl, postgres.url, TEMPLATE);
  } catch (error) {
    process.env[SHARED.problem] = (error as Error).message;
  }
}
