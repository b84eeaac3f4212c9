import { randomBytes } from 'node:crypto';

export const OPERATOR_KEY = `operator-${randomBytes(24).toString('hex')}`;

/** An environment in which nothing is left out. */
export const completeEnv = (databaseUrl: string): Record<string, string> => ({
  PORT: '0',
  DATABASE_URL: databaseUrl,
  ADMIN_API_KEY: OPERATOR_KEY,
  ENCRYPTION_KEYS: `test:${randomBytes(32).toString('base64')}`,
});

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- its shape is what the tests assert
  readonly body: any;
}

/** One request, of ten seconds at most unless told; no connection is kept, so that none hides whether the server still listens. */
export async function call(
  url: string,
  {
    method = 'GET',
    key,
    body,
    withinMs = 10_000,
  }: { method?: string; key?: string; body?: unknown; withinMs?: number } = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    signal: AbortSignal.timeout(withinMs),
    headers: {
      connection: 'close',
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : null };
}

/** Makes a tenant and a key that may do everything. */
export async function makeTenant(url: string): Promise<{ tenantId: string; key: string }> {
  const made = await call(`${url}/v1/tenants`, {
    method: 'POST',
    key: OPERATOR_KEY,
    body: { name: 'Northside clinics', slug: `northside-${randomBytes(4).toString('hex')}` },
  });
  const key = await call(`${url}/v1/tenants/${String(made.body.id)}/api-keys`, {
    method: 'POST',
    key: OPERATOR_KEY,
    body: { name: 'desk', scopes: ['read', 'write', 'passthrough', 'manage'] },
  });
  return { tenantId: made.body.id as string, key: key.body.key as string };
}

/** Connects a tenant to a sandbox; gives the connection's id. */
export async function connect(
  url: string,
  key: string,
  { vendor, credentials, settings }: { vendor: string; credentials: object; settings: object },
): Promise<string> {
  const { status, text, body } = await call(`${url}/v1/connections`, {
    method: 'POST',
    key,
    body: { vendor, name: 'Northside', credentials, settings },
  });
  if (status !== 201) throw new Error(`The connection was answered ${String(status)}: ${text}`);
  return body.id as string;
}

/** The state of a connection's latest sync. */
export async function latestSync(url: string, key: string, connectionId: string): Promise<string | null> {
  const { body } = await call(`${url}/v1/connections/${connectionId}/syncs?limit=1`, { key });
  return (body.data[0]?.status as string | undefined) ?? null;
}
