import 'reflect-metadata';
import { createApp, stopApp } from '../app';
import { readConfig } from '../platform/config';
import { provide } from '../platform/development';
import { makeLogger } from '../platform/log';
import { runProgram } from '../platform/program';
import { prepareDatabase } from '../prepare';
import { startSandboxes } from '../sandbox/host';
import { furnishDemo } from './tenant';

const SANDBOX_PORTS = 4101;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** `npm start`: a database, the vendors' sandboxes, the gateway and a clinic to look at, with nothing to set up. */
runProgram(async (keep) => {
  const began = performance.now();
  const config = readConfig({ LOG_LEVEL: 'warn', ...process.env });
  const logger = makeLogger(config.LOG_LEVEL);
  say('Starting PostgreSQL …');
  const providing = provide(config, logger, say);
  keep(() =>
    providing.then(
      ({ release }) => release(),
      () => undefined,
    ),
  );
  const provisions = await providing;
  await prepareDatabase(provisions.config);
  say('Starting the vendors\u2019 sandboxes …');
  const sandboxes = await startSandboxes({ portBase: SANDBOX_PORTS });
  keep(() => Promise.all(sandboxes.map((sandbox) => sandbox.close())));
  const hosts = sandboxes.map(({ baseUrl }) => new URL(baseUrl).host);
  const allowed = [config.VENDOR_HOST_ALLOWLIST, ...hosts].filter((host) => host !== '').join(',');
  say('Starting the gateway …');
  const app = await createApp({ ...provisions.config, VENDOR_HOST_ALLOWLIST: allowed }, logger);
  keep(() => stopApp(app));
  await app.listen(config.PORT, config.HOST);
  const url = (await app.getUrl()).replace('[::1]', 'localhost').replace('0.0.0.0', 'localhost');

  const key = await furnishDemo({ url, operatorKey: provisions.config.ADMIN_API_KEY, sandboxes, say });
  say(`
Ready in ${((performance.now() - began) / 1000).toFixed(1)} s.

  Swagger UI    ${url}/docs
  Demo API key  ${key}
  Operator key  ${provisions.config.ADMIN_API_KEY}

Try it:

  curl -s -H 'Authorization: Bearer ${key}' '${url}/v1/appointments?limit=4&startsFrom=${new Date().toISOString().slice(0, 10)}T00:00:00Z&include=client,practitioner'
`);
});
