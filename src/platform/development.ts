import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CompleteConfig, Config } from './config';
import { startEmbeddedPostgres } from './database/embedded';
import type { Logger } from './log';

/** What a process holds for as long as it runs. */
export interface Provisions {
  readonly config: CompleteConfig;
  readonly release: () => Promise<void>;
}

const DATA = '.data';

/**
 * What a laptop's environment leaves out: an embedded PostgreSQL where no DATABASE_URL is set, and keys that are made
 * once and kept beside its data. In production nothing may be left out (see config.ts).
 */
export async function provide(
  config: Config,
  logger: Logger,
  say = (line: string): void => {
    logger.info(line);
  },
): Promise<Provisions> {
  const complete = { ...config, ...missingKeys(config, logger) };
  if (config.DATABASE_URL !== undefined)
    return {
      config: { ...complete, DATABASE_URL: config.DATABASE_URL },
      release: () => Promise.resolve(),
    };
  const postgres = await startEmbeddedPostgres({ dataDir: join(process.cwd(), DATA, 'postgres'), log: say });
  return {
    config: { ...complete, DATABASE_URL: postgres.url },
    release: () => postgres.stop(),
  };
}

function missingKeys(
  config: Config,
  logger: Logger,
): Pick<CompleteConfig, 'ADMIN_API_KEY' | 'ENCRYPTION_KEYS'> {
  if (config.ADMIN_API_KEY !== undefined && config.ENCRYPTION_KEYS !== undefined)
    return { ADMIN_API_KEY: config.ADMIN_API_KEY, ENCRYPTION_KEYS: config.ENCRYPTION_KEYS };
  const file = join(process.cwd(), DATA, 'keys.json');
  const kept = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { ADMIN_API_KEY: string; ENCRYPTION_KEYS: string })
    : {
        ADMIN_API_KEY: `operator_${randomBytes(24).toString('base64url')}`,
        ENCRYPTION_KEYS: `local:${randomBytes(32).toString('base64')}`,
      };
  if (!existsSync(file)) {
    mkdirSync(join(process.cwd(), DATA), { recursive: true });
    writeFileSync(file, JSON.stringify(kept, null, 2), { mode: 0o600 });
  }
  logger.warn({ file }, 'ADMIN_API_KEY or ENCRYPTION_KEYS is unset: local ones are used');
  return {
    ADMIN_API_KEY: config.ADMIN_API_KEY ?? kept.ADMIN_API_KEY,
    ENCRYPTION_KEYS: config.ENCRYPTION_KEYS ?? kept.ENCRYPTION_KEYS,
  };
}
