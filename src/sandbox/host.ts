import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Sandbox, SandboxOptions, StartSandbox } from '../vendors/kit/sandbox';
import { VENDORS } from '../vendors/registry';

/** Starts the sandbox of every vendor, on neighbouring ports from `portBase` where these are free, else on any. */
export async function startSandboxes({
  portBase,
  ...options
}: Omit<SandboxOptions, 'port'> & { portBase?: number } = {}): Promise<Sandbox[]> {
  const sandboxes: Sandbox[] = [];
  for (const [i, vendor] of [...VENDORS.keys()].sort().entries()) {
    const wanted = portBase === undefined ? 0 : portBase + i;
    sandboxes.push(await sandboxOf(vendor)({ ...options, port: (await isFree(wanted)) ? wanted : 0 }));
  }
  return sandboxes;
}

/** A vendor's sandbox, found like the vendor itself: by its folder. */
export function sandboxOf(vendor: string): StartSandbox<unknown> {
  const folder = join(__dirname, '..', 'vendors', vendor, 'sandbox', 'index');
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- by its folder, so that no file names a vendor
  return (require(folder) as { startSandbox: StartSandbox<unknown> }).startSandbox;
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer()
      .once('error', () => {
        resolve(false);
      })
      .once('listening', () =>
        probe.close(() => {
          resolve(true);
        }),
      )
      .listen(port, '127.0.0.1');
  });
