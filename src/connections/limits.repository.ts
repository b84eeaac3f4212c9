import { createHash, randomUUID } from 'node:crypto';
import { Pool } from 'pg';
import { CONNECT_MS } from '../platform/database/data-source';
import type { Limits } from '../vendors/kit/limits';
import { paceOf } from './pace';

/** A place among a vendor's calls in flight. The fencing number tells a place taken anew from one that was lost. */
export interface Slot {
  readonly number: number;
  readonly fence: number;
}
/** How many calls wait, and the slots that the process holds and does not use. */
export interface Asking {
  readonly users: number;
  readonly background: number;
  readonly idle: readonly number[];
}
/** What was let in. The waits are those of the first call that was not, were the limit on requests all that holds it. */
export interface Admission {
  readonly users: number;
  readonly background: number;
  /** Calls that may follow within the next moment without being asked for. */
  readonly extra: number;
  readonly claimed: readonly Slot[];
  /** Which of the idle slots are still held. */
  readonly kept: readonly number[];
  readonly usersWaitMs: number;
  readonly backgroundWaitMs: number;
  /** Another process waits for a slot. */
  readonly hasRival: boolean;
}
/** A slot by the bucket that it belongs to. */
export type HeldSlot = Slot & { readonly key: string };

export const LEASE_MS = 12_000;
const LEASE = `interval '${String(LEASE_MS / 1000)} seconds'`;
const CONNECTIONS = 3;
/**
 * Its own connections: a call may wait for its turn while its connection to the main pool is held by a transaction (a
 * log-in's), and none may wait for the other. What is lost with a crashed database is half a second of counting.
 */
const SESSION = '-c timezone=UTC -c synchronous_commit=off -c app.scope=system';

interface AdmissionRow {
  readonly users_let: number;
  readonly background_let: number;
  readonly extra_let: number;
  readonly kept: number[];
  readonly claimed: number[] | null;
  readonly fences: string[] | null;
  readonly users_wait: number;
  readonly background_wait: number;
  readonly has_rival: boolean;
}

/** Names the holder of a limit without saying who it is. */
export const bucketOf = ({ sharedBy }: Limits): string =>
  createHash('sha256').update(sharedBy).digest('base64url');

/** The vendors' limits as all replicas see them: one row a limit, one row a slot. */
export class LimitsRepository {
  private readonly holder = randomUUID();
  private readonly pool: Pool;

  constructor(databaseUrl: string) {
    this.pool = new Pool({
      connectionString: databaseUrl,
      application_name: 'scheduling-gateway-limits',
      max: CONNECTIONS,
      connectionTimeoutMillis: CONNECT_MS,
      idleTimeoutMillis: 300_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      options: SESSION,
    });
    this.pool.on('error', () => undefined);
  }

  /** Lets in what the limit allows now: one statement, one round trip. */
  async admit(limits: Limits, { users, background, idle }: Asking): Promise<Admission> {
    const { gap, burst, backgroundBurst, block } = paceOf(limits);
    const { rows } = await this.pool.query<AdmissionRow>({
      name: 'admit',
      text: `select * from admit_vendor_calls($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, ${LEASE})`,
      values: [
        bucketOf(limits),
        this.holder,
        users,
        background,
        block,
        gap,
        burst,
        backgroundBurst,
        limits.maxInFlight,
        idle,
      ],
    });
    const row = rows[0] as AdmissionRow;
    return {
      users: row.users_let,
      background: row.background_let,
      extra: row.extra_let,
      claimed: (row.claimed ?? []).map((number, i) => ({ number, fence: Number(row.fences?.[i]) })),
      kept: row.kept,
      usersWaitMs: row.users_wait * 1000,
      backgroundWaitMs: row.background_wait * 1000,
      hasRival: row.has_rival,
    };
  }

  /** Gives slots back. Those that somebody else has taken meanwhile stay theirs. */
  async release(slots: readonly HeldSlot[]): Promise<void> {
    // The number grows, so that a renewal that is under way finds nothing to renew.
    await this.touch(slots, 'lease_until = clock_timestamp(), fence = s.fence + 1');
  }

  /** Says that the holder lives; gives those of the slots that are still held. */
  renew(slots: readonly HeldSlot[]): Promise<readonly HeldSlot[]> {
    return this.touch(slots, `lease_until = clock_timestamp() + ${LEASE}`);
  }

  /** Lets nobody in for so long; a longer pause stays. */
  async pause(limits: Limits, ms: number): Promise<void> {
    await this.pool.query({
      name: 'pause',
      text: `insert into vendor_limits as v (key, paused_until) values ($1, now() + $2 * interval '1 millisecond')
             on conflict (key) do update set paused_until = greatest(v.paused_until, excluded.paused_until)`,
      values: [bucketOf(limits), ms],
    });
  }

  async close(): Promise<void> {
    await this.pool.end();
  }

  private async touch(slots: readonly HeldSlot[], change: string): Promise<readonly HeldSlot[]> {
    if (slots.length === 0) return [];
    const { rows } = await this.pool.query<{ key: string; slot: number }>({
      text: `update vendor_slots s set ${change}
             from unnest($2::text[], $3::integer[], $4::bigint[]) as mine (key, slot, fence)
             where s.holder = $1 and s.key = mine.key and s.slot = mine.slot and s.fence = mine.fence
             returning s.key, s.slot`,
      values: [
        this.holder,
        slots.map(({ key }) => key),
        slots.map(({ number }) => number),
        slots.map(({ fence }) => fence),
      ],
    });
    const held = new Set(rows.map(({ key, slot }) => `${key} ${String(slot)}`));
    return slots.filter(({ key, number }) => held.has(`${key} ${String(number)}`));
  }
}
