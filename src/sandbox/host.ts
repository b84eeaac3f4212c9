import { join } from 'node:path';
import type { Sandbox, SandboxOptions, StartSandbox } from '../vendors/kit/sandbox';
import { VENDORS } from '../vendors/registry';

const FIRST_START = Date.parse('2026-01-01T00:00:00Z');

/** Starts the sandbox of every vendor, on neighbouring ports from `portBase` where these are free, else on any. */
export async function startSandboxes({
  portBase,
  ...options
}: Omit<SandboxOptions, 'port'> & { portBase?: number } = {}): Promise<Sandbox[]> {
  const sandboxes: Sandbox[] = [];
  // Who keeps his database and starts the vendors again must not meet an id that he knows as another record's.
  const skippedIds = Math.floor((Date.now() - FIRST_START) / 1000);
  for (const [i, vendor] of [...VENDORS.keys()].sort().entries()) {
    const start = sandboxOf(vendor);
    const at = (port: number): Promise<Sandbox> => start({ skippedIds, ...options, port });
    sandboxes.push(
      await at(portBase === undefined ? 0 : portBase + i).catch((error: unknown) => {
        // Asking first whether a port is free would not help: two starts at once both hear that it is.
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
        return at(0);
      }),
    );
  }
  return sandboxes;
}

/** A vendor's sandbox, found like the vendor itself: by its folder. */
export function sandboxOf(vendor: string): StartSandbox<unknown> {
  const folder = join(__dirname, '..', 'vendors', vendor, 'sandbox', 'index');
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- by its folder, so that no file names a vendor
  return (require(folder) as { startSandbox: StartSandbox<unknown> }).startSandbox;
}
