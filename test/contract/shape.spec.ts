import { RESOURCE_NAMES, type ResourceName } from '../../src/canonical/index';
import { OPERATIONS, type Ports, type Vendor } from '../../src/vendors/contract';
import { schemaOf } from '../../src/vendors/kit/config-schema';
import type { VendorHttp } from '../../src/vendors/kit/policy';
import { CASES, FOLDERS, settingsOf } from './vendors';

interface Schema {
  readonly description?: string;
  readonly writeOnly?: boolean;
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** Building ports asks nobody: a page that shows what a vendor can do must not need the vendor. */
const SILENT: VendorHttp = {
  baseUrl: 'http://127.0.0.1',
  request: () => {
    throw new Error('ports() called the vendor');
  },
};

/** What a port has without a word of its own in the matrix: looking for a lost create, and many writes at once. */
const BESIDES = new Set(['find', 'bulk']);

const portsOf = (vendor: Vendor): Ports =>
  vendor.ports(SILENT, settingsOf(vendor, { baseUrl: SILENT.baseUrl }));

/** Every field of a schema by its path, nested ones too. */
const fieldsOf = ({ properties = {} }: Schema, path = ''): [string, Schema][] =>
  Object.entries(properties).flatMap(([name, field]): [string, Schema][] =>
    field.properties ? fieldsOf(field, `${path}${name}.`) : [[path + name, field]],
  );

/** An expression's source without what stands in groups and classes, and without escaped characters. */
const bare = ({ source }: RegExp): string => source.replace(/\\./g, '').replace(/\[[^\]]*\]|\([^)]*\)/g, '');

it('every folder is a vendor of that name', () => {
  expect(CASES.map(({ name }) => name).sort()).toEqual([...FOLDERS].sort());
});

describe.each(CASES)('$name', ({ name, vendor }) => {
  const declared = Object.entries(vendor.capabilities);

  it('says who it is', () => {
    expect(name).toMatch(/^[a-z][a-z0-9]*$/);
    expect(vendor.title).toMatch(/\S/);
    expect(vendor.docs).toMatch(/^https:\/\//);
  });

  it('declares resources and operations of the contract, each once', () => {
    expect(declared).not.toEqual([]);
    for (const [resource, { operations }] of declared) {
      expect(RESOURCE_NAMES).toContain(resource);
      expect(operations).toEqual([...new Set(operations)]);
      expect(OPERATIONS).toEqual(expect.arrayContaining([...operations]));
      expect(operations).toContain('list');
    }
  });

  it('has exactly the operations that it promises', () => {
    const promised = declared.map(([resource, { operations }]) => [
      resource,
      operations.filter((one) => one !== 'incremental').sort(),
    ]);
    const kept = Object.entries(portsOf(vendor)).map(([resource, port]) => [
      resource,
      Object.entries(port)
        .filter(([word, operation]) => typeof operation === 'function' && !BESIDES.has(word))
        .map(([operation]) => operation)
        .sort(),
    ]);
    expect(Object.fromEntries(kept)).toEqual(Object.fromEntries(promised));
  });

  it('writes fields only where it can write', () => {
    for (const [resource, { operations, writableFields, ...more }] of declared) {
      const isWritable = operations.includes('create') || operations.includes('update');
      expect(writableFields.length > 0).toBe(isWritable);
      const { onlyOnCreate = [], onlyOnUpdate = [], requiredFields = [], writeOnlyFields = [] } = more;
      for (const fields of [onlyOnCreate, onlyOnUpdate, requiredFields, writeOnlyFields])
        expect(writableFields).toEqual(expect.arrayContaining([...fields]));
      expect((more.statuses ?? []).length > 0).toBe(writableFields.includes('status'));
      expect(typeof vendor.mappers[resource as ResourceName]?.toVendor === 'function').toBe(isWritable);
    }
  });

  it('offers what depends on a setting by a switch that it has', () => {
    const switches = fieldsOf(schemaOf(vendor.settings)).map(([field]) => field);
    for (const [, { operations, statuses = [], onlyWith = {} }] of declared)
      for (const [what, setting] of Object.entries(onlyWith)) {
        expect([...operations, ...statuses]).toContain(what);
        expect(switches).toContain(setting);
      }
  });

  it('has a mapper for each resource', () => {
    expect(Object.keys(vendor.mappers).sort()).toEqual(Object.keys(vendor.capabilities).sort());
    for (const mapper of Object.values(vendor.mappers)) expect(typeof mapper.toCanonical).toBe('function');
  });

  it('describes every credential and setting, and hides a secret', () => {
    const credentials = fieldsOf(schemaOf(vendor.credentials));
    const settings = fieldsOf(schemaOf(vendor.settings));
    expect(settings.map(([field]) => field)).toEqual(expect.arrayContaining(['baseUrl', 'window.pastDays']));
    expect([...credentials, ...settings].filter(([, { description }]) => !description)).toEqual([]);
    expect(credentials.filter(([, { writeOnly }]) => writeOnly)).not.toEqual([]);
  });

  it("names its classes after itself, as they become the schemas' names", () => {
    const own = new RegExp(`^${name}(Credentials|Settings)$`, 'i');
    expect([vendor.credentials.name, vendor.settings.name]).toEqual([
      expect.stringMatching(own),
      expect.stringMatching(own),
    ]);
  });

  it('names its hosts by whole expressions', () => {
    expect(vendor.hosts).not.toEqual([]);
    for (const host of vendor.hosts) {
      expect(host.source).toMatch(/^\^.*\$$/);
      expect(host.flags).not.toMatch(/[gmy]/);
      expect(bare(host)).not.toMatch(/[.|]/); // an open dot, or an alternative that escapes the anchors
    }
  });
});
