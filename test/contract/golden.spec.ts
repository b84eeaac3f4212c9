import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ResourceName } from '../../src/canonical/index';
import type { Draft, Mapper, Vendor } from '../../src/vendors/contract';
import { Refusal } from '../../src/vendors/kit/refusal';
import { CASES, settingsOf, VENDORS_DIR } from './vendors';

/**
 * One file of a vendor's golden/: what came, under which settings, and what it must become (`wire`, `mapped`); or what a
 * caller wants, and the body or the refusal that it must become (`draft`, `body`).
 */
interface GoldenCase {
  readonly about: string;
  readonly source?: string;
  readonly resource: ResourceName;
  readonly settings: Record<string, unknown>;
  readonly wire?: unknown;
  readonly mapped?: unknown;
  readonly draft?: unknown;
  readonly body?: unknown;
}

const KEYS = ['about', 'mapped', 'resource', 'settings', 'wire'];
const WRITE_KEYS = ['about', 'body', 'draft', 'resource', 'settings'];
const PRETTIER = require.resolve('prettier/bin/prettier.cjs');
/** Rewrites what the mappers make now; the diff is the review. */
const isUpdate = process.env['UPDATE_GOLDEN'] === '1';

const goldens = CASES.flatMap(({ name, vendor }) => {
  const folder = join(VENDORS_DIR, name, 'golden');
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((file) => {
    const path = join(folder, file);
    const golden = JSON.parse(readFileSync(path, 'utf8')) as GoldenCase;
    return { title: `${name}/${file}: ${golden.about}`, vendor, path, golden };
  });
});

/** A mapper that changes its input fails on it. */
function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(frozen);
    Object.freeze(value);
  }
  return value;
}

function mapperOf(vendor: Vendor, resource: ResourceName): Mapper<ResourceName, unknown, unknown> {
  const mapper = vendor.mappers[resource] as Mapper<ResourceName, unknown, unknown> | undefined;
  if (!mapper) throw new Error(`${vendor.name} has no mapper for ${resource}`);
  return mapper;
}

const map = (vendor: Vendor, { resource, settings, wire }: GoldenCase): unknown =>
  mapperOf(vendor, resource).toCanonical(frozen(wire), settingsOf(vendor, settings));

/** The body of a request as it leaves: what JSON leaves out is not in it. */
function bodyOf(vendor: Vendor, { resource, settings, draft }: GoldenCase): unknown {
  const mapper = mapperOf(vendor, resource);
  if (!mapper.toVendor) throw new Error(`${vendor.name} cannot write ${resource}`);
  try {
    const body = mapper.toVendor(frozen(draft) as Draft<ResourceName>, settingsOf(vendor, settings));
    return JSON.parse(JSON.stringify(body)) as unknown;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { code, field, message } = error;
    return { refused: { code, field, message } };
  }
}

function rewrite(path: string, golden: GoldenCase): void {
  writeFileSync(path, JSON.stringify(golden, null, 2));
  execFileSync(process.execPath, [PRETTIER, '--write', path]);
}

it.each(goldens)('$title', ({ vendor, path, golden }) => {
  const { source: _optional, ...rest } = golden;
  const isWrite = 'draft' in golden;
  expect(Object.keys(rest).sort()).toEqual(isWrite ? WRITE_KEYS : KEYS);
  const made = isWrite ? { body: bodyOf(vendor, golden) } : { mapped: map(vendor, golden) };
  if (isUpdate) rewrite(path, { ...golden, ...made });
  else expect(made).toStrictEqual(isWrite ? { body: golden.body } : { mapped: golden.mapped });
});

it.each(CASES)('$name shows what it sends for each resource that it writes', ({ name, vendor }) => {
  const writes = Object.entries(vendor.capabilities).filter(([, { operations }]) =>
    operations.some((one) => one === 'create' || one === 'update'),
  );
  const shown = goldens
    .filter(({ title, golden }) => title.startsWith(`${name}/`) && 'draft' in golden)
    .map(({ golden }) => golden.resource);
  for (const [resource] of writes) expect(shown).toContain(resource);
});
