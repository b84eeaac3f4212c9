import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ResourceName } from '../../src/canonical/index';
import type { Mapper, Vendor } from '../../src/vendors/contract';
import { CASES, settingsOf, VENDORS_DIR } from './vendors';

/** One file of a vendor's golden/: what came, under which settings, and what it must become. */
interface GoldenCase {
  readonly about: string;
  readonly source?: string;
  readonly resource: ResourceName;
  readonly settings: Record<string, unknown>;
  readonly wire: unknown;
  readonly mapped: unknown;
}

const KEYS = ['about', 'mapped', 'resource', 'settings', 'wire'];
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

function map(vendor: Vendor, { resource, settings, wire }: GoldenCase): unknown {
  const mapper = vendor.mappers[resource] as Mapper<ResourceName, unknown, unknown> | undefined;
  if (!mapper) throw new Error(`${vendor.name} has no mapper for ${resource}`);
  return mapper.toCanonical(frozen(wire), settingsOf(vendor, settings));
}

function rewrite(path: string, golden: GoldenCase): void {
  writeFileSync(path, JSON.stringify(golden, null, 2));
  execFileSync(process.execPath, [PRETTIER, '--write', path]);
}

it.each(goldens)('$title', ({ vendor, path, golden }) => {
  const { source: _optional, ...rest } = golden;
  expect(Object.keys(rest).sort()).toEqual(KEYS);
  const mapped = map(vendor, golden);
  if (isUpdate) rewrite(path, { ...golden, mapped });
  else expect(mapped).toStrictEqual(golden.mapped);
});
