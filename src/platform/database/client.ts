import { Client } from 'pg';
import { CONNECT_MS } from './data-source';
import { unreachable } from './errors';

/** Asks one question on one connection to a server whose address somebody has set: where nobody answers there, that one is told. */
export async function withConfigured<T>(url: string, ask: (client: Client) => Promise<T>): Promise<T> {
  const client = clientOf(url);
  client.on('error', () => undefined);
  try {
    await client.connect().catch((error: unknown) => {
      throw unreachable(error);
    });
    return await ask(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function clientOf(url: string): Client {
  try {
    return new Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS });
  } catch (error) {
    throw unreachable(error);
  }
}
