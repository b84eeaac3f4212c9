import 'reflect-metadata';
import { getMetadataStorage } from 'class-validator';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Config, readConfig } from '../../src/platform/config';
import { binariesFor, programOptions } from '../../src/platform/database/embedded-binaries';
import { choosePlace } from '../../src/platform/database/embedded-place';

interface ComposeService {
  readonly '<<'?: Partial<ComposeService>;
  readonly image: string;
  readonly build?: { context: string; dockerfile: string; target: string };
  readonly environment: Readonly<Record<string, string>>;
  readonly read_only?: boolean;
  readonly cap_drop?: string[];
  readonly security_opt?: string[];
  readonly volumes?: string[];
  readonly ports?: string[];
  readonly command?: string[];
  readonly healthcheck?: unknown;
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
}

const PROJECT = join(__dirname, '../..');
const DOCKER = join(PROJECT, 'docker');
const SECRETS: Readonly<Record<string, string>> = {
  ADMIN_API_KEY: '5f0c9b7d3e1a8642'.repeat(3),
  ENCRYPTION_KEYS: `k1:${Buffer.from(Array.from({ length: 32 }, (_, i) => i * 7)).toString('base64')}`,
  POSTGRES_PASSWORD: 'b'.repeat(48),
  GATEWAY_DB_PASSWORD: 'c'.repeat(48),
};
const REFERENCE = /\$\{(\w+)(?:(:?[-?])([^}]*))?\}/g;

const read = (name: string): string => readFileSync(join(PROJECT, name), 'utf8');
// @nestjs/swagger writes YAML with it: the one that is there, without a dependency of our own.
const yaml = createRequire(require.resolve('@nestjs/swagger'))('js-yaml') as {
  load: (text: string) => unknown;
};
const compose = yaml.load(read('docker/compose.yaml')) as { services: Record<string, ComposeService> };
const services = Object.entries(compose.services).map(([name, service]) => ({
  name,
  ...service['<<'],
  ...service,
}));
const service = (name: string): ComposeService => services.find((one) => one.name === name)!;
const dockerfile = read('docker/Dockerfile');
const instructions = dockerfile.split('\n').filter((line) => /^[A-Z]+ /.test(line));
const stages = dockerfile.split(/^(?=FROM )/m).slice(1);
const stage = (name: string): string =>
  stages.find((text) => text.split('\n')[0]!.endsWith(` AS ${name}`)) ?? '';

/** As compose does it: `:-` takes another value for an empty one, `-` and `?` for a missing one. */
function interpolate(value: string, env: Readonly<Record<string, string>>): string {
  return value.replace(REFERENCE, (_, name: string, mode = '', rest = '') => {
    const given = env[name];
    if (given !== undefined && (given !== '' || !(mode as string).startsWith(':'))) return given;
    if ((mode as string).endsWith('?')) throw new Error(rest as string);
    return rest as string;
  });
}

const environmentOf = (name: string, env: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(service(name).environment).map(([key, value]) => [key, interpolate(value, env)]),
  );

describe('compose.yaml', () => {
  it('sets only what the configuration knows', () => {
    const known = getMetadataStorage()
      .getTargetValidationMetadatas(Config, '', true, false)
      .map(({ propertyName }) => propertyName);
    expect(known).toEqual(expect.arrayContaining(Object.keys(service('gateway').environment)));
  });

  it('gives the gateway an environment that it starts with', () => {
    const config = readConfig(environmentOf('gateway', SECRETS));
    expect(config).toMatchObject({ NODE_ENV: 'production', HOST: '0.0.0.0', PORT: 3000, ROLE: 'all' });
    expect(new URL(config.DATABASE_URL!)).toMatchObject({ username: 'gateway', hostname: 'postgres' });
    expect(readConfig(environmentOf('gateway', { ...SECRETS, VENDOR_HOST_ALLOWLIST: '' }))).toMatchObject({
      VENDOR_HOST_ALLOWLIST: '',
    });
  });

  it.each(Object.keys(SECRETS))('says so when %s is missing or empty', (name) => {
    const without = { ...SECRETS, [name]: '' };
    const all = (): void => {
      services.forEach((one) => environmentOf(one.name, without));
    };
    expect(all).toThrow(`set ${name}`);
  });

  it('holds no secret itself', () => {
    for (const { environment } of services) {
      for (const [key, value] of Object.entries(environment)) {
        if (/KEY|PASSWORD/.test(key)) expect(value).toMatch(/^\$\{\w+:\?[^}]+\}$/);
      }
    }
  });

  it.each(services.map((one) => [one.name, one] as const))(
    'lets %s do no more than it must',
    (_name, one) => {
      expect(one).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
      expect(one.image).toMatch(/^[\w-]+:\d/);
      for (const port of one.ports ?? []) expect(interpolate(port, {})).toMatch(/^127\.0\.0\.1:/);
    },
  );

  it('names files and stages that exist', () => {
    for (const { build, volumes } of services) {
      if (build) {
        expect(existsSync(join(DOCKER, build.context, build.dockerfile))).toBe(true);
        expect(stage(build.target)).not.toBe('');
      }
      const mounted = (volumes ?? [])
        .map((volume) => volume.split(':')[0]!)
        .filter((path) => path.startsWith('.'));
      for (const path of mounted) expect(statSync(join(DOCKER, path)).mode & 0o111).not.toBe(0);
    }
  });

  it('starts the gateway when its database is ready, as a role that is no superuser', () => {
    expect(service('gateway').depends_on).toEqual({ postgres: { condition: 'service_healthy' } });
    expect(service('postgres').healthcheck).toBeDefined();
    const role = /CREATE ROLE gateway (.*)/.exec(read('docker/postgres-init.sh'))?.[1];
    for (const limit of ['NOSUPERUSER', 'NOBYPASSRLS', 'NOCREATEROLE', 'NOCREATEDB'])
      expect(role).toContain(limit);
  });

  it('makes a database that PostgreSQL agrees to', () => {
    const { user, dataDir } = choosePlace(join(tmpdir(), `compose-${randomUUID()}`), () => undefined);
    mkdirSync(dataDir);
    if (user) chownSync(dataDir, user.uid, user.gid);
    try {
      const given = service('postgres').environment['POSTGRES_INITDB_ARGS']!.split(' ');
      const args = ['--pgdata', dataDir, ...given.filter((one) => !one.startsWith('--auth')), '--no-sync'];
      const said = execFileSync(join(binariesFor(user), 'initdb'), args, {
        ...programOptions(user),
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      expect(said).toContain('locale provider:   builtin');
      expect(said).toContain('default collation: C.UTF-8');
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  });

  it('lets the gateway reach the sandboxes that it can be started with', () => {
    const allowed = environmentOf('gateway', SECRETS)['VENDOR_HOST_ALLOWLIST']!.split(',');
    const base = Number(service('sandbox').environment['SANDBOX_PORT_BASE']);
    expect(allowed).toEqual([0, 1, 2, 3].map((i) => `sandbox:${String(base + i)}`));
  });
});

describe('Dockerfile', () => {
  it('starts from images with a version', () => {
    const from = instructions.filter((line) => line.startsWith('FROM ')).map((line) => line.split(' ')[1]!);
    const images = from.filter((name) => stage(name) === '');
    expect(images.length).toBeGreaterThan(0);
    for (const image of images) expect(image).toMatch(/^node:20-/);
    expect(dockerfile + read('docker/compose.yaml')).not.toMatch(/:latest\b/);
  });

  it.each(['gateway', 'sandbox'])('runs %s as an ordinary user, watched, and ended by SIGTERM', (name) => {
    expect(stage(name)).toMatch(/^FROM runtime AS /);
    const whole = stage('runtime') + stage(name);
    expect(whole.match(/^USER .*/gm)).toEqual(['USER 1000:1000']);
    expect(whole).toMatch(/^STOPSIGNAL SIGTERM$/m);
    expect(whole).toMatch(/^HEALTHCHECK /m);
    const [, command] = /^CMD \["node", "dist\/(.*)\.js"\]$/m.exec(whole) ?? [];
    expect(existsSync(join(PROJECT, 'src', `${command ?? ''}.ts`))).toBe(true);
  });

  it('makes the gateway unless told otherwise', () => {
    expect(stages.at(-1)).toBe(stage('gateway'));
  });

  it('copies only what .dockerignore lets through', () => {
    const through = read('.dockerignore')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    const copied = instructions
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(' ').slice(1, -1));
    expect(through.sort()).toEqual([...new Set(copied)].sort());
    for (const name of copied) expect(existsSync(join(PROJECT, name))).toBe(true);
    expect(dirname(join(PROJECT, '.dockerignore'))).toBe(join(DOCKER, service('gateway').build!.context));
  });
});
