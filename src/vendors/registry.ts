import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Vendor } from './contract';

/** Every vendor, by name: each folder here with an `index` is one. Nobody lists them, so adding a folder is adding a vendor. */
export const VENDORS: ReadonlyMap<string, Vendor> = new Map(
  readdirSync(__dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(__dirname, entry.name, 'index'))
    .filter((file) => existsSync(`${file}.js`) || existsSync(`${file}.ts`))
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- found at the start, so that no file names a vendor
    .map((file) => (require(file) as { vendor: Vendor }).vendor)
    .map((vendor) => [vendor.name, vendor] as const),
);
