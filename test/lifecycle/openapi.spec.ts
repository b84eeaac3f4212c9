import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type * as App from '../../src/app';
import type * as Configuration from '../../src/platform/config';
import type { KnownRoutes } from '../../src/platform/http/server';
import type * as Log from '../../src/platform/log';
import { auditedRoute } from '../../src/tenants/audit-trail';
import { FOLDERS } from '../contract/vendors';
import { freshDatabase, type FreshDatabase } from '../support/database';
import { ROOT } from '../support/process';
import { call, completeEnv, makeTenant } from './gateway';

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly nullable?: boolean;
  readonly description?: string;
  readonly example?: unknown;
  readonly default?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
}
interface Media {
  readonly schema: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, unknown>>;
}
interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly description?: string;
    readonly example?: unknown;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Readonly<Record<string, Media>> };
  readonly responses: Readonly<
    Record<
      string,
      {
        readonly description?: string;
        readonly headers?: Readonly<Record<string, unknown>>;
        readonly content?: Readonly<Record<string, Media>>;
      }
    >
  >;
}
interface Document {
  readonly tags?: readonly { readonly name: string; readonly description?: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Schema>>;
    readonly securitySchemes: object;
  };
}
interface Route {
  readonly method: string;
  readonly url: string;
}

const COMMITTED = join(ROOT, 'openapi/openapi.json');
const dist = (path: string): string => join(ROOT, 'dist', path);
const document = JSON.parse(readFileSync(COMMITTED, 'utf8')) as Document;
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    path,
    operation,
  })),
);
const underV1 = operations.filter(({ path }) => path.startsWith('/v1/'));
const bodies = operations.filter(({ operation }) => operation.requestBody);

const resolve = (schema: Schema): Schema =>
  schema.$ref === undefined ? schema : document.components.schemas[schema.$ref.split('/').at(-1)!]!;

/** What Swagger UI cannot fill in from examples, and shows as "string". */
function blanks(given: Schema, at = ''): string[] {
  const schema = resolve(given);
  if ([schema.example, schema.default, schema.enum].some((word) => word !== undefined)) return [];
  const [choice] = schema.anyOf ?? schema.allOf ?? [];
  if (choice) return blanks(choice, at);
  if (schema.properties)
    return (schema.required ?? Object.keys(schema.properties)).flatMap((name) =>
      blanks(schema.properties![name]!, `${at}/${name}`),
    );
  if (schema.items) return blanks(schema.items, `${at}/0`);
  return schema.type === 'boolean' ? [] : [at];
}

/** Every object of the document and where it stands. */
function nodes(node: unknown, at = ''): { at: string; node: object }[] {
  if (typeof node !== 'object' || node === null) return [];
  return [{ at, node }, ...Object.entries(node).flatMap(([key, value]) => nodes(value, `${at}/${key}`))];
}

/** Every enum of the document and where it stands. */
const enums = (root: object): { at: string; words: readonly unknown[] }[] =>
  nodes(root).flatMap(({ at, node }) => {
    const { enum: words } = node as Schema;
    return Array.isArray(words) ? [{ at, words }] : [];
  });

/** The same form for Fastify's routes and the document's paths. */
const form = (url: string): string => url.replace(/:\w+|\{\w+\}/g, '{}');

let database: FreshDatabase;
let app: NestFastifyApplication;
let url: string;
const routes: Route[] = [];

beforeAll(async () => {
  database = await freshDatabase();
  // The build, since only that has the comments; in this process, since only that tells every route.
  const server = (await import(dist('platform/http/server'))) as { KnownRoutes: typeof KnownRoutes };
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its object below
  const { watch } = server.KnownRoutes.prototype;
  jest.spyOn(server.KnownRoutes.prototype, 'watch').mockImplementation(function (this: KnownRoutes, fastify) {
    fastify.addHook('onRoute', ({ method, url: path }) => {
      for (const one of [method].flat()) routes.push({ method: one, url: path });
    });
    watch.call(this, fastify);
  });
  const { readConfig } = (await import(dist('platform/config'))) as typeof Configuration;
  const { makeLogger } = (await import(dist('platform/log'))) as typeof Log;
  const { createApp } = (await import(dist('app'))) as typeof App;
  const config = readConfig({ ...completeEnv(database.url), ROLE: 'api' });
  app = await createApp(config as Parameters<typeof createApp>[0], makeLogger('silent'));
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
}, 60_000);

afterAll(async () => {
  const { stopApp } = (await import(dist('app'))) as typeof App;
  await stopApp(app);
  await database.drop();
});

it('what is served is what is committed, and not stale', async () => {
  const served = await call(`${url}/openapi.json`);
  expect(served.status).toBe(200);
  expect(served.body).toEqual(document);
  expect((await call(`${url}/openapi.yaml`)).text).toMatch(/^openapi: /);
});

it('every route under /v1 is documented, and every operation has a route', () => {
  const served = routes.filter(({ url: path, method }) => path.startsWith('/v1/') && method !== 'HEAD');
  expect(served.length).toBeGreaterThan(20);
  expect(served.map((route) => `${route.method} ${form(route.url)}`).sort()).toEqual(
    underV1.map(({ name }) => form(name)).sort(),
  );
});

it('without a key every operation under /v1 is 401, as a problem, and the others are open', async () => {
  for (const { name, path } of operations) {
    const [method] = name.split(' ') as [string];
    const address =
      url + path.replace(/\{code\}/, 'not_found').replace(/\{\w+\}/g, '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a99');
    const { status, headers } = await call(address, { method });
    expect({ name, status }).toEqual({ name, status: path.startsWith('/v1/') ? 401 : 200 });
    if (status === 401) expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  }
});

it('a method that a path does not offer is 405, and Allow lists what the document has', async () => {
  const { key } = await makeTenant(url);
  for (const [path, item] of Object.entries(document.paths).filter(([one]) => one.startsWith('/v1/'))) {
    const address = url + path.replace(/\{\w+\}/g, '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a99');
    const { status, headers } = await call(address, { method: 'PUT', key, body: {} });
    const allow = (headers.get('allow') ?? '').split(', ').filter((method) => method !== 'HEAD');
    const expected = Object.keys(item).map((method) => method.toUpperCase());
    expect({ path, status, allow: allow.sort() }).toEqual({ path, status: 405, allow: expected.sort() });
  }
});

it.each(operations)('$name: name, summary, tag, and who may call it', ({ path, operation }) => {
  expect(operation.operationId).toMatch(/^[a-z][A-Za-z]+$/);
  expect(operation.summary).toMatch(/^[A-Z].{8,}\.$/);
  expect(operation.tags).toHaveLength(1);
  expect(operation.security).toEqual(path.startsWith('/v1/') ? [{ apiKey: [] }] : []);
  for (const { name, in: place, description = '' } of operation.parameters ?? [])
    if (place !== 'path')
      expect({ name, description }).toEqual({ name, description: expect.stringMatching(/\w{3}/) });
});

it('no operationId is there twice, and each tag is declared, in the order in which a stranger needs them', () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  const used = new Set(operations.flatMap(({ operation }) => operation.tags ?? []));
  const declared = (document.tags ?? []).map(({ name }) => name);
  expect([...declared].sort()).toEqual([...used].sort());
  expect(declared.at(0)).toBe('Appointments');
  expect(declared.at(-1)).toBe('Service');
});

it.each(underV1)('$name: its answers, and its errors with an example of each', ({ operation }) => {
  const answers = Object.entries(operation.responses);
  expect(answers.some(([status]) => status.startsWith('2'))).toBe(true);
  const errors = answers.filter(([status]) => /^[45]/.test(status));
  expect(errors.some(([status]) => status.startsWith('4'))).toBe(true);
  for (const [status, { content }] of errors)
    expect(content?.['application/problem+json']?.example).toMatchObject({ status: Number(status) });
});

it('what may be asked for again only if it changed says so: its ETag, the header, and 304', () => {
  const told = operations.flatMap(({ name, operation: { parameters = [], responses } }) => {
    const marks = [
      parameters.some((one) => one.name === 'If-None-Match'),
      '304' in responses,
      name.startsWith('GET') && responses['200']?.headers?.['ETag'] !== undefined,
    ];
    expect({ name, marks: new Set(marks).size }).toEqual({ name, marks: 1 });
    return marks[0] ? [name] : [];
  });
  expect(told.map((name) => name.replace(/^GET \/v1\/|\/\{\w+\}$/g, '')).sort()).toEqual(
    'appointments clients connections locations practitioners services tenants webhook-endpoints'.split(' '),
  );
});

it.each([
  ['GET /v1/availability', '404', 'not_found'],
  ['POST /v1/connections/{connectionId}/syncs', '409', 'connection_disabled'],
])('%s: %s may be %s', (wanted, status, code) => {
  const { operation } = operations.find(({ name }) => name === wanted)!;
  expect(operation.responses[status]?.description).toContain(`\`${code}\``);
});

it('a key is not taken for a JWT', () => {
  expect(JSON.stringify(document.components.securitySchemes)).not.toContain('JWT');
});

it.each(bodies)('$name: its body can be sent as Swagger UI fills it in', ({ operation }) => {
  const [media] = Object.values(operation.requestBody!.content);
  const isWhole = media!.example !== undefined || media!.examples !== undefined;
  expect(isWhole ? [] : blanks(media!.schema)).toEqual([]);
});

it.each(operations)('$name: Swagger UI fills in nothing that would hide records', ({ operation }) => {
  // What an optional filter has as its example is sent as if the stranger had asked for it.
  const prefilled = (operation.parameters ?? []).filter(
    ({ in: place, required, example, schema }) =>
      place !== 'path' && !required && (example ?? schema.example ?? schema.items?.example) !== undefined,
  );
  expect(prefilled.map(({ name }) => name)).toEqual([]);
});

it('no schema is there for nothing, and no operation has two kinds of success for one call', () => {
  const names = Object.keys(document.components.schemas);
  const text = JSON.stringify(document);
  expect(names.filter((name) => !text.includes(`"#/components/schemas/${name}"`))).toEqual([]);
  for (const { name, operation } of operations) {
    const successes = Object.keys(operation.responses).filter((status) => status.startsWith('2'));
    expect({ name, successes }).toEqual({ name, successes: [expect.any(String)] });
  }
});

it('what may be null says so to strict validators too: beside a type, and among the words', () => {
  const nullables = nodes(document).filter(({ node }) => (node as Schema).nullable);
  expect(nullables.length).toBeGreaterThan(50);
  for (const { at, node } of nullables) {
    const { type, enum: words = [null], ...others } = node as Schema;
    const refers = ['$ref', 'allOf', 'anyOf', 'oneOf'].filter((word) => word in others);
    expect({ at, type, refers, takesNull: words.includes(null) }).toEqual({
      at,
      type: expect.any(String),
      refers: [],
      takesNull: true,
    });
  }
});

it('the audit tells of no action that the document does not name, of clients or of both', () => {
  const { description = '' } = document.components.schemas['AuditEventDto']!.properties!['action']!;
  const actions = routes.flatMap(({ method, url: route }) => auditedRoute(method, route)?.action ?? []);
  expect(actions).toContain('event.list');
  const isNamed = (action: string): boolean => description.includes(`\`${action}\``);
  expect(actions.filter((one) => !isNamed(one) && !isNamed(one.replace('appointment', 'client')))).toEqual(
    [],
  );
});

it('a cancellation needs no body', () => {
  const { operation } = operations.find(({ name }) => name.endsWith('/cancel'))!;
  expect(operation.requestBody!.required).toBe(false);
});

it('an enum of vendors lists every vendor that there is', () => {
  const vendors = enums(document).filter(({ words }) => words.some((word) => FOLDERS.includes(String(word))));
  expect(vendors.length).toBeGreaterThan(0);
  for (const { at, words } of vendors)
    expect({ at, words: [...words].sort() }).toEqual({ at, words: [...FOLDERS].sort() });
});

it('a linter of the field finds no error, and no example that its schema refuses', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-redocly-'));
  const config = join(folder, 'redocly.yaml');
  const strict = '{ severity: error, allowAdditionalProperties: false }';
  writeFileSync(
    config,
    `extends: [recommended]\nrules:\n  no-invalid-media-type-examples: ${strict}\n  no-invalid-schema-examples: ${strict}\n  no-invalid-parameter-examples: ${strict}\n`,
  );
  try {
    const { status, stdout, stderr } = spawnSync(
      join(ROOT, 'node_modules/.bin/redocly'),
      ['lint', '--config', config, '--format', 'json', COMMITTED],
      {
        encoding: 'utf8',
        env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
      },
    );
    if (!stdout.startsWith('{')) throw new Error(`redocly ended with ${String(status)}: ${stderr}`);
    const { totals, problems } = JSON.parse(stdout) as {
      totals: { errors: number };
      problems: { severity: string; message: string; location: { pointer: string }[] }[];
    };
    const errors = problems.filter(({ severity }) => severity === 'error');
    expect(errors.map(({ message, location }) => `${location[0]?.pointer ?? ''}: ${message}`)).toEqual([]);
    expect(totals.errors).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
