import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Sandbox } from '../vendors/kit/sandbox';

const KEPT = join(process.cwd(), '.data', 'demo.json');
const POLL_MS = 250;
const LONGEST_WAIT_MS = 120_000;

interface Demo {
  readonly url: string;
  readonly operatorKey: string;
  readonly sandboxes: readonly Sandbox[];
  readonly say: (line: string) => void;
}
interface Tenant {
  readonly id: string;
  readonly slug: string;
}
interface Connection {
  readonly id: string;
  readonly vendor: string;
  readonly name: string;
  readonly lastSyncAt: string | null;
}
interface Sync {
  readonly status: string;
  readonly resources: Readonly<Record<string, { readonly seen: number }>>;
  readonly errors: readonly { readonly message: string }[];
}

/** Makes the demo tenant, its key and one connection for each sandbox, by the API that everybody uses; gives the key. */
export async function furnishDemo({ url, operatorKey, sandboxes, say }: Demo): Promise<string> {
  const operator = caller(url, operatorKey);
  const { data } = await operator<{ data: Tenant[] }>('GET', '/v1/tenants?limit=200');
  const tenant =
    data.find(({ slug }) => slug === 'demo') ??
    (await operator<Tenant>('POST', '/v1/tenants', { name: 'Demo clinics', slug: 'demo' }));
  const key = await keyOf(tenant, url, operator);
  const call = caller(url, key);
  const known = await call<{ data: Connection[] }>('GET', '/v1/connections?limit=200');
  await Promise.all(sandboxes.map((sandbox) => connect(call, sandbox, known.data, say)));
  return key;
}

/** The key of an earlier start, if it still opens the same tenant; else a new one. */
async function keyOf(tenant: Tenant, url: string, operator: Call): Promise<string> {
  const kept = existsSync(KEPT)
    ? (JSON.parse(readFileSync(KEPT, 'utf8')) as { tenantId: string; key: string })
    : null;
  if (
    kept?.tenantId === tenant.id &&
    (await caller(url, kept.key)('GET', '/v1/vendors').then(
      () => true,
      () => false,
    ))
  )
    return kept.key;
  const made = await operator<{ key: string }>('POST', `/v1/tenants/${tenant.id}/api-keys`, {
    name: 'demo',
    scopes: ['read', 'write', 'passthrough', 'manage'],
  });
  mkdirSync(join(process.cwd(), '.data'), { recursive: true });
  writeFileSync(KEPT, JSON.stringify({ tenantId: tenant.id, key: made.key }), { mode: 0o600 });
  return made.key;
}

/** Connects one sandbox and waits until it is in the mirror. */
async function connect(
  call: Call,
  { vendor, credentials, settings }: Sandbox,
  known: readonly Connection[],
  say: (line: string) => void,
): Promise<void> {
  const name = `Demo ${vendor}`;
  const old = known.find((one) => one.vendor === vendor && one.name === name);
  // The sandboxes forget everything when they stop, and may have another port now.
  const { id, lastSyncAt } = old
    ? await call<Connection>('PATCH', `/v1/connections/${old.id}`, { credentials, settings })
    : await call<Connection>('POST', '/v1/connections', { vendor, name, credentials, settings });
  if (lastSyncAt !== null) {
    say(`  ${vendor}: mirrored at an earlier start, and read again in the background`);
    return;
  }
  const began = Date.now();
  while (Date.now() - began < LONGEST_WAIT_MS) {
    const { data } = await call<{ data: Sync[] }>('GET', `/v1/connections/${id}/syncs?limit=1`);
    const [sync] = data;
    if (sync && !['queued', 'running'].includes(sync.status)) {
      const seen = Object.entries(sync.resources).map(
        ([resource, counts]) => `${String(counts.seen)} ${resource}`,
      );
      say(
        `  ${vendor}: ${sync.status}, ${seen.join(', ')}${sync.errors.map(({ message }) => `\n    ${message}`).join('')}`,
      );
      return;
    }
    await pause(POLL_MS);
  }
  say(`  ${vendor}: still syncing; it goes on in the background`);
}

type Call = <T>(method: string, path: string, body?: unknown) => Promise<T>;

const caller =
  (url: string, key: string): Call =>
  async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok)
      throw new Error(`${method} ${path} answered ${String(response.status)}: ${await response.text()}`);
    return (await response.json()) as T;
  };
