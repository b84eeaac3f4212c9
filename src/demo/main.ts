import 'reflect-metadata';
import { createApp, stopApp } from '../app';
import { ConfigError, readConfig } from '../platform/config';
import { migrate } from '../platform/database/migrate';
import { provide } from '../platform/development';
import { makeLogger } from '../platform/log';
import { startSandboxes } from '../sandbox/host';
import { furnishDemo } from './tenant';

const SANDBOX_PORTS = 4101;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** `npm start`: a database, the vendors' sandboxes, the gateway and a clinic to look at, with nothing to set up. */
async function main(): Promise<void> {
  const began = performance.now();
  const config = readConfig({ LOG_LEVEL: 'warn', ...process.env });
  const logger = makeLogger(config.LOG_LEVEL);
  say('Starting PostgreSQL …');
  const provisions = await provide(config, logger, say);
  await migrate(config.MIGRATION_DATABASE_URL ?? provisions.config.DATABASE_URL);
  say('Starting the vendors\u2019 sandboxes …');
  const sandboxes = await startSandboxes({ portBase: SANDBOX_PORTS });
  const hosts = sandboxes.map(({ baseUrl }) => new URL(baseUrl).host);
  const allowed = [config.VENDOR_HOST_ALLOWLIST, ...hosts].filter((host) => host !== '').join(',');
  say('Starting the gateway …');
  const app = await createApp({ ...provisions.config, VENDOR_HOST_ALLOWLIST: allowed }, logger);
  await app.listen(config.PORT, config.HOST);
  const url = (await app.getUrl()).replace('[::1]', 'localhost').replace('0.0.0.0', 'localhost');

  const stop = (): void => {
    Promise.all([stopApp(app), ...sandboxes.map((sandbox) => sandbox.close())])
      .then(provisions.release)
      .then(
        () => process.exit(0),
        () => process.exit(1),
      );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);

  const key = await furnishDemo({ url, operatorKey: provisions.config.ADMIN_API_KEY, sandboxes, say });
  say(`
Ready in ${((performance.now() - began) / 1000).toFixed(1)} s.

  Swagger UI    ${url}/docs
  Demo API key  ${key}
  Operator key  ${provisions.config.ADMIN_API_KEY}

Try it:

  curl -s -H 'Authorization: Bearer ${key}' '${url}/v1/appointments?limit=4&startsFrom=${new Date().toISOString().slice(0, 10)}T00:00:00Z&include=client,practitioner'
`);
}

main().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof ConfigError ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exit(1);
});
