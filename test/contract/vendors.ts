import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { plainToInstance } from 'class-transformer';
import type { CommonSettings } from '../../src/vendors/kit/config';
import type { Sandbox, StartSandbox } from '../../src/vendors/kit/sandbox';
import type { Vendor } from '../../src/vendors/contract';
import { VENDORS } from '../../src/vendors/registry';

export const VENDORS_DIR = resolve(__dirname, '../../src/vendors');

/** The names of the vendors' folders, whether the registry can read them or not. */
export const FOLDERS: readonly string[] = readdirSync(VENDORS_DIR, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'kit')
  .map(({ name }) => name);

/** Every vendor as a row of a jest table. No vendor at all is a failure, and not an empty success. */
export const CASES: readonly { readonly name: string; readonly vendor: Vendor }[] = [...VENDORS].map(
  ([name, vendor]) => ({ name, vendor }),
);
if (CASES.length === 0)
  throw new Error('src/vendors holds no vendor yet: there is nothing to hold to the contract');

/** Settings as a connection has them: completed by the vendor, with the class's defaults. */
export function settingsOf(vendor: Vendor, given: Record<string, unknown>): CommonSettings {
  const completed = vendor.complete?.({ credentials: {}, settings: { ...given } }) ?? given;
  return plainToInstance(vendor.settings, { ...completed });
}

/** Starts the sandbox that lies in the vendor's folder, without the vendor's limit of requests: stories need not wait. */
export async function startSandbox(
  name: string,
  size: { clients: number; appointments: number },
): Promise<Sandbox> {
  const folder = (await import(join(VENDORS_DIR, name, 'sandbox', 'index'))) as {
    startSandbox: StartSandbox<{ requestsPerMinute?: number | null }>;
  };
  const sandbox = await folder.startSandbox({ size });
  if ('requestsPerMinute' in sandbox.state) sandbox.state.requestsPerMinute = null;
  return sandbox;
}
