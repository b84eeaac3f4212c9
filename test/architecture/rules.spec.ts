import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

const { forbidden } = jest.requireActual<{ readonly forbidden: readonly { readonly name: string }[] }>(
  './rules.cjs',
);
const ROOT = resolve(__dirname, '../..');
const DEPCRUISE = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

/** What dependency-cruiser finds in the `src` of a tree. */
function violations(tree: string): Promise<Violation[]> {
  const args = [DEPCRUISE, 'src', '--config', join(__dirname, 'rules.cjs'), '--output-type', 'json'];
  return new Promise((found, failed) => {
    execFile(process.execPath, args, { cwd: tree, maxBuffer: 64 * 1024 * 1024 }, (_exit, out, problem) => {
      if (!out.startsWith('{')) failed(new Error(problem));
      else found((JSON.parse(out) as { summary: { violations: Violation[] } }).summary.violations);
    });
  });
}

/** One import that breaks each rule; whatever does not lie in `src/` is a package. */
const SINS: Readonly<Record<string, readonly [from: string, to: string]>> = {
  'canonical-is-pure': ['src/canonical/client.ts', 'src/platform/log.ts'],
  'phones-in-one-place': ['src/vendors/abc/tables.ts', 'libphonenumber-js'],
  'vendors-know-only-the-contract': ['src/vendors/abc/api.ts', 'src/vendors/xyz/wire.ts'],
  'vendors-know-no-nest': ['src/vendors/abc/index.ts', '@nestjs/common'],
  'nobody-names-a-vendor': ['src/sync/run.ts', 'src/vendors/abc/wire.ts'],
  'sandboxes-are-never-shipped': ['src/vendors/abc/ports.ts', 'src/vendors/abc/sandbox/state.ts'],
  'vendors-serve-nothing': ['src/vendors/xyz/ports.ts', 'fastify'],
  'mappers-are-pure': ['src/vendors/abc/client.mapper.ts', 'src/vendors/abc/clock.ts'],
  'axios-in-one-place': ['src/events/deliver.ts', 'axios'],
  'typeorm-in-storage': ['src/tenants/keys.ts', 'typeorm'],
  'swagger-at-the-edge': ['src/tenants/tenants.service.ts', '@nestjs/swagger'],
  'services-know-no-http': ['src/events/events.service.ts', 'src/events/event.dto.ts'],
  'tables-are-private': ['src/resources/clients/page.ts', 'src/resources/locations/location.entity.ts'],
  'foundations-know-no-feature': ['src/identity/merge.ts', 'src/events/feed.ts'],
  'platform-serves-only': ['src/platform/clock.ts', 'src/tenants/scopes.ts'],
  'production-needs-no-dev-dependency': ['src/cli/keys.ts', 'jest'],
  'no-circular': ['src/mirror/a.ts', 'src/mirror/b.ts'],
  'no-orphans': ['src/mirror/alone.ts', ''],
};

/** What the rules must let pass. */
const VIRTUES: readonly (readonly [from: string, to: string])[] = [
  ['src/mirror/b.ts', 'src/mirror/a.ts'], // closes the circle of no-circular
  ['src/canonical/phone.ts', 'libphonenumber-js'],
  ['src/platform/openapi.ts', 'src/vendors/registry.ts'],
  ['src/platform/database/source.ts', 'typeorm'],
  ['src/vendors/kit/http.ts', 'axios'],
  ['src/events/webhook-sender.ts', 'axios'],
  ['src/vendors/registry.ts', 'src/vendors/contract.ts'],
  ['src/vendors/abc/location.mapper.ts', 'src/vendors/abc/tables.ts'],
  ['src/vendors/abc/location.mapper.ts', 'src/canonical/phone.ts'],
  ['src/vendors/abc/sandbox/index.ts', 'fastify'],
  ['src/vendors/abc/abc.spec.ts', 'src/vendors/abc/sandbox/index.ts'],
  ['src/resources/locations/locations.service.ts', 'src/resources/locations/location.entity.ts'],
  ['src/resources/locations/locations.service.ts', 'src/platform/http/problems.ts'],
  ['src/resources/locations/locations.controller.ts', '@nestjs/swagger'],
];

/** Writes the sins and virtues as files that import each other, with empty packages of the names that they use. */
function write(tree: string, edges: readonly (readonly [from: string, to: string])[]): void {
  const files = new Map<string, string>();
  const packages: Record<'dependencies' | 'devDependencies', Record<string, string>> = {
    dependencies: {},
    devDependencies: {},
  };
  for (const [from, to] of edges) {
    const isPackage = !to.startsWith('src/');
    const specifier = isPackage ? to : `./${relative(dirname(from), to).replace(/\.ts$/, '')}`;
    files.set(from, `${files.get(from) ?? ''}${to === '' ? 'export {};' : `import '${specifier}';`}\n`);
    if (!isPackage) files.set(to, files.get(to) ?? '');
    else if (to !== '') {
      files.set(`node_modules/${to}/index.js`, '');
      packages[to === 'jest' ? 'devDependencies' : 'dependencies'][to] = '1.0.0';
    }
  }
  files.set('package.json', JSON.stringify(packages));
  for (const [file, text] of files) {
    mkdirSync(join(tree, dirname(file)), { recursive: true });
    writeFileSync(join(tree, file), text);
  }
}

describe('the rules of who may import whom', () => {
  const tree = mkdtempSync(join(tmpdir(), 'gateway-rules-'));
  let found: Violation[];

  beforeAll(async () => {
    write(tree, [...Object.values(SINS), ...VIRTUES]);
    found = await violations(tree);
  });
  afterAll(() => {
    rmSync(tree, { recursive: true });
  });

  it('each have an import here that breaks them', () => {
    expect(Object.keys(SINS)).toEqual(forbidden.map(({ name }) => name));
  });

  it.each(Object.entries(SINS))('%s reports its sinner, and nothing else does', (rule, [sinner, to]) => {
    const reported = found.filter(({ from }) => from === sinner);
    expect([...new Set(reported.map(({ rule: { name } }) => name))]).toEqual([rule]);
    expect(reported[0]?.to).toContain(to);
  });

  it('let everything else pass', () => {
    const sinners = new Set(Object.values(SINS).flat());
    expect(found.filter(({ from }) => !sinners.has(from))).toEqual([]);
  });
});

it('src keeps the rules', async () => {
  const found = await violations(ROOT);
  expect(found.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).toEqual([]);
});
