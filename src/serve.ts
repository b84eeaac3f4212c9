import { createApp, stopApp } from './app';
import { doubtsOf, type readConfig } from './platform/config';
import { requireBoundRole, UnboundRole } from './platform/database/role';
import { provide } from './platform/development';
import { makeLogger } from './platform/log';
import type { Keep } from './platform/program';
import { prepareDatabase } from './prepare';

/** Brings the service up: its database, its tables, and the port that it listens on. */
export async function serve(config: ReturnType<typeof readConfig>, keep: Keep): Promise<void> {
  const logger = makeLogger(config.LOG_LEVEL);
  const providing = provide(config, logger);
  keep(() =>
    providing.then(
      ({ release }) => release(),
      () => undefined,
    ),
  );
  const provisions = await providing;
  for (const doubt of doubtsOf(config)) logger.warn(doubt);
  await requireBoundRole(provisions.config.DATABASE_URL).catch((error: unknown) => {
    if (!(error instanceof UnboundRole) || config.NODE_ENV === 'production') throw error;
    logger.warn(`${error.message}. In production the service would not start`);
  });
  await prepareDatabase(provisions.config);
  const app = await createApp(provisions.config, logger);
  keep(() => stopApp(app));
  await app.listen(config.PORT, config.HOST);
  logger.info({ url: await app.getUrl(), role: config.ROLE }, 'ready');
}
