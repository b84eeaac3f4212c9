import { startSandboxes } from '../../src/sandbox/host';

/** The vendors' sandboxes at a given size, without their limits on requests: what is measured is the gateway. */
async function main(): Promise<void> {
  const [clients = 120, appointments = 400] = process.argv.slice(2).map(Number);
  const sandboxes = await startSandboxes({ size: { clients, appointments } });
  for (const sandbox of sandboxes) {
    const { state } = sandbox as unknown as { state: { requestsPerMinute?: number | null } };
    if ('requestsPerMinute' in state) state.requestsPerMinute = null;
    const { vendor, credentials, settings } = sandbox;
    process.stdout.write(`${JSON.stringify({ vendor, credentials, settings })}\n`);
  }
  process.stdout.write('ready\n');
}

void main();
