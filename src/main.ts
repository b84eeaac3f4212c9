import { createApp, stopApp } from './app';
import { doubtsOf, readConfig } from './platform/config';
import { migrate } from './platform/database/migrate';
import { requireBoundRole, UnboundRole } from './platform/database/role';
import { provide } from './platform/development';
import { makeLogger } from './platform/log';
import { runProgram } from './platform/program';

/** Starts the service from the environment; SIGTERM and SIGINT let it finish what it has begun. */
runProgram(async (keep) => {
  const config = readConfig(process.env);
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
  await migrate(config.MIGRATION_DATABASE_URL ?? provisions.config.DATABASE_URL);
  const app = await createApp(provisions.config, logger);
  keep(() => stopApp(app));
  await app.listen(config.PORT, config.HOST);
  logger.info({ url: await app.getUrl(), role: config.ROLE }, 'ready');
});
