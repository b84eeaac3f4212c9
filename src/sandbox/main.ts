import 'reflect-metadata';
import { startSandboxes } from './host';

const PORT_BASE = 4101;

/** The vendors' sandboxes as a process of their own: prints what a connection to each needs, one JSON line a vendor. */
async function main(): Promise<void> {
  const sandboxes = await startSandboxes({ portBase: Number(process.env['SANDBOX_PORT_BASE'] ?? PORT_BASE) });
  for (const { vendor, credentials, settings } of sandboxes)
    process.stdout.write(`${JSON.stringify({ vendor, credentials, settings })}\n`);
  const stop = (): void =>
    void Promise.all(sandboxes.map((sandbox) => sandbox.close())).then(() => process.exit(0));
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
