import type { Client } from 'pg';
import { withConfigured } from './client';

const TURN_LOCK = 7_214_022;
const QUEUE_SCHEMA = 'pgboss';

/** The roles of a set-up in which the service does not own its tables; null where they are one. */
export interface Roles {
  readonly service: string;
  /** Whether the queue's tables are the owner's to make; they are not where the service was let make them itself. */
  readonly ownerMakesQueue: boolean;
}

/** Replicas that start together take turns: two that make the same queue, or change the same right, at once would fail. */
export const inTurn = (ownerUrl: string, work: () => Promise<void>): Promise<void> =>
  withConfigured(ownerUrl, async (client) => {
    // Its connection's end lets it go.
    await client.query('select pg_advisory_lock($1)', [TURN_LOCK]);
    await work();
  });

/** Who the service is to the owner of the tables. */
export async function rolesOf(ownerUrl: string, serviceUrl: string): Promise<Roles | null> {
  const service = await withConfigured(serviceUrl, nameOf);
  return withConfigured(ownerUrl, async (client) => {
    if ((await nameOf(client)) === service) return null;
    const { rows } = await client.query(
      `select from pg_namespace where nspname = $1 and pg_get_userbyid(nspowner) <> current_user`,
      [QUEUE_SCHEMA],
    );
    return { service, ownerMakesQueue: rows.length === 0 };
  });
}

/** Lets the service's role read and change the rows of all tables of the owner's, and nothing else. */
export async function grant(ownerUrl: string, { service, ownerMakesQueue }: Roles): Promise<void> {
  await withConfigured(ownerUrl, async (client) => {
    const role = client.escapeIdentifier(service);
    const rights = ['public', ...(ownerMakesQueue ? [QUEUE_SCHEMA] : [])].map(
      (schema) => `
        grant usage on schema ${schema} to ${role};
        grant select, insert, update, delete on all tables in schema ${schema} to ${role};
        grant usage, select on all sequences in schema ${schema} to ${role};`,
    );
    // Sent as one, it is one transaction.
    await client.query(rights.join(''));
  });
}

async function nameOf(client: Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>('select current_user::text as name');
  return rows[0]?.name ?? '';
}
