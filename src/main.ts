import { createApp, stopApp } from './app';
import { ConfigError, readConfig } from './platform/config';
import { migrate } from './platform/database/migrate';
import { provide } from './platform/development';
import { makeLogger } from './platform/log';

/** Starts the service from the environment; SIGTERM and SIGINT let it finish what it has begun. */
async function main(): Promise<void> {
  const config = readConfig(process.env);
  const logger = makeLogger(config.LOG_LEVEL);
  const provisions = await provide(config, logger);
  await migrate(config.MIGRATION_DATABASE_URL ?? provisions.config.DATABASE_URL);
  const app = await createApp(provisions.config, logger);
  await app.listen(config.PORT, config.HOST);
  logger.info({ url: await app.getUrl(), role: config.ROLE }, 'ready');

  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'stopping');
    stopApp(app)
      .then(provisions.release)
      .then(
        () => process.exit(0),
        (error: unknown) => {
          logger.fatal({ err: error }, 'could not stop cleanly');
          process.exit(1);
        },
      );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

main().catch((error: unknown) => {
  const message =
    error instanceof ConfigError || !(error instanceof Error)
      ? String(error)
      : (error.stack ?? error.message);
  process.stderr.write(`${error instanceof ConfigError ? error.message : message}\n`);
  process.exit(1);
});
