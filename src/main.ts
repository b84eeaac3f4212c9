import { createApp, stopApp } from './app';
import { readConfig } from './platform/config';
import { migrate } from './platform/database/migrate';
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
  await migrate(config.MIGRATION_DATABASE_URL ?? provisions.config.DATABASE_URL);
  const app = await createApp(provisions.config, logger);
  keep(() => stopApp(app));
  await app.listen(config.PORT, config.HOST);
  logger.info({ url: await app.getUrl(), role: config.ROLE }, 'ready');
});
