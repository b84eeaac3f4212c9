import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import ts from 'typescript';
import type { ResourceName } from '../../src/canonical/index';
import { CASES, VENDORS_DIR } from '../contract/vendors';

const SRC = resolve(VENDORS_DIR, '..');
const MAPPER_OF: Readonly<Record<ResourceName, string>> = {
  appointments: 'appointment.mapper.ts',
  clients: 'client.mapper.ts',
  practitioners: 'practitioner.mapper.ts',
  services: 'service.mapper.ts',
  locations: 'location.mapper.ts',
};
const REQUIRED = [
  'README.md',
  'api.ts',
  'golden',
  'index.ts',
  'ports.ts',
  'sandbox',
  'tables.ts',
  'wire.ts',
  'writes.ts',
];
const REQUIRED_IN_SANDBOX = ['index.ts', 'state.ts'];

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => join(folder, file))
    .filter((file) => statSync(file).isFile());

describe.each(CASES)('the folder of $name', ({ name, vendor }) => {
  const folder = join(VENDORS_DIR, name);
  const declared = Object.keys(vendor.capabilities) as ResourceName[];
  const inside = (part: string): string[] =>
    existsSync(join(folder, part)) ? readdirSync(join(folder, part)) : [];

  it('holds the files of every vendor, and no others', () => {
    const optional = vendor.availability ? ['availability.ts'] : [];
    const mappers = declared.map((resource) => MAPPER_OF[resource]);
    const expected = [...REQUIRED, `${name}.config.ts`, `${name}.spec.ts`, ...mappers, ...optional];
    expect(inside('.').sort()).toEqual(expected.sort());
  });

  it('keeps its sandbox in TypeScript, from index and state', () => {
    expect(inside('sandbox')).toEqual(expect.arrayContaining(REQUIRED_IN_SANDBOX));
    expect(inside('sandbox').filter((file) => !file.endsWith('.ts'))).toEqual([]);
  });

  it('has a golden file for each resource', () => {
    const shown = inside('golden').map(
      (file) =>
        (JSON.parse(readFileSync(join(folder, 'golden', file), 'utf8')) as { resource: string }).resource,
    );
    expect([...new Set(shown)].sort()).toEqual([...declared].sort());
  });

  it('has a README that says more than its name', () => {
    const readme = join(folder, 'README.md');
    expect(existsSync(readme) ? readFileSync(readme, 'utf8') : 'none').toMatch(/^# .+\n[^]{200,}/);
  });
});

/** The words of a file: its code without comments. */
function codeOf(file: string): string {
  const scanner = ts.createScanner(ts.ScriptTarget.ES2022, true);
  scanner.setText(readFileSync(file, 'utf8'));
  const words: string[] = [];
  while (scanner.scan() !== ts.SyntaxKind.EndOfFileToken) words.push(scanner.getTokenText());
  return words.join(' ');
}

it("no code outside a vendor's folder says its name", () => {
  const names = new RegExp(CASES.map(({ name }) => name).join('|'), 'i');
  const outside = filesBelow(SRC).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.spec.ts') && !isOfAVendor(relative(VENDORS_DIR, file)),
  );
  expect(outside.length).toBeGreaterThan(0);
  expect(outside.filter((file) => names.test(codeOf(file))).map((file) => relative(SRC, file))).toEqual([]);
});

const isOfAVendor = (file: string): boolean => CASES.some(({ name }) => file.startsWith(`${name}/`));
