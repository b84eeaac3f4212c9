import type { Database, Query, Statement } from '../platform/database/database';
import { forgetSome } from '../platform/database/forget';
import { NOBODY } from '../platform/http/asked';
import type { Answer, Key } from './write';

/** What is known of a key: nobody had it (it is ours now), its answer, or that it runs elsewhere or was used otherwise. */
export type KeyState =
  | { readonly kind: 'ours' }
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'running' }
  | { readonly kind: 'reused' };

const HELD = "interval '30 seconds'";
const KEPT = "interval '24 hours'";

interface KeyRow extends Record<string, unknown> {
  readonly request_hash: Buffer;
  readonly answer: string | null;
  /** The answer is one for want of a better, and somebody still works on that. */
  readonly is_open: boolean;
}

const readStatement = (tenantId: string, { key, part }: Pick<Key, 'key' | 'part'>): Statement => ({
  name: 'idempotency_keys_read',
  text: `select request_hash, answer, presumed and held_until > now() as is_open from idempotency_keys
         where tenant_id = $1 and key = $2 and part = $3 and created_at > now() - ${KEPT}`,
  values: [tenantId, key, part],
});

const keepStatement = (
  tenantId: string,
  { key, part }: Pick<Key, 'key' | 'part'>,
  { status, body, headers }: Answer,
  isPresumed: boolean,
): Statement => ({
  name: isPresumed ? 'idempotency_keys_presume' : 'idempotency_keys_answer',
  text: `update idempotency_keys set answer = $4, presumed = $5
         where tenant_id = $1 and key = $2 and part = $3 ${isPresumed ? 'and answer is null' : ''}`,
  values: [tenantId, key, part, JSON.stringify({ status, body, headers }), isPresumed],
});

function stateOf({ request_hash, answer, is_open }: KeyRow, hash: Buffer): KeyState {
  if (!request_hash.equals(hash)) return { kind: 'reused' };
  if (answer === null || is_open) return { kind: 'running' };
  return { kind: 'answered', answer: { ...(JSON.parse(answer) as Answer), isReplay: true } };
}

/**
 * Waits for a key's turn, and has it until the transaction ends. Whoever begins takes the key before anything else: whoever
 * ends must not come to it last, or the same request, come again meanwhile, and its own first try wait for each other.
 */
export function lineUpForKey(query: Query, tenantId: string, { key, part }: Pick<Key, 'key' | 'part'>): void {
  query.later({
    name: 'idempotency_keys_line_up',
    text: 'select 1 from idempotency_keys where tenant_id = $1 and key = $2 and part = $3 for update',
    values: [tenantId, key, part],
  });
}

/** Idempotency keys and the answers kept under them. */
export class KeysRepository {
  constructor(private readonly database: Database) {}

  /**
   * Takes a key, or tells what became of it. One whose holder is gone before anything was begun under it is taken over;
   * one that is a day old counts as new.
   */
  async take(query: Query, tenantId: string, { key, part, hash }: Key): Promise<KeyState> {
    const [row] = await query({
      name: 'idempotency_keys_take',
      text: `insert into idempotency_keys as k (tenant_id, key, part, request_hash, held_until)
             values ($1, $2, $3, $4, now() + ${HELD})
             on conflict (tenant_id, key, part) do update
               set held_until = excluded.held_until, request_hash = excluded.request_hash, created_at = now(), answer = null, presumed = false
               where k.created_at < now() - ${KEPT}
                 or (k.answer is null and k.held_until < now() and k.request_hash = excluded.request_hash and not exists (
                   select 1 from writes w where w.tenant_id = $1 and w.idempotency_key = $2 and w.part = $3 and w.state <> 'settled'))
             returning key`,
      values: [tenantId, key, part, hash],
    });
    if (row) return { kind: 'ours' };
    const [held] = await query<KeyRow>(readStatement(tenantId, { key, part }));
    return held ? stateOf(held, hash) : { kind: 'running' };
  }

  /** What a key has led to; null where nothing, or where its holder may be gone. */
  async read(query: Query, tenantId: string, { key, part, hash }: Key): Promise<KeyState | null> {
    const [held] = await query<KeyRow>(readStatement(tenantId, { key, part }));
    const state = held ? stateOf(held, hash) : null;
    return state?.kind === 'running' ? null : state;
  }

  /** The answer that is kept under a key; null where there is none yet. */
  async kept(query: Query, tenantId: string, key: Pick<Key, 'key' | 'part'>): Promise<Answer | null> {
    const [held] = await query<KeyRow>(readStatement(tenantId, key));
    return held?.answer ? (JSON.parse(held.answer) as Answer) : null;
  }

  /** Says that the request is still being worked on. */
  async hold(tenantId: string, { key, part }: Key): Promise<void> {
    await this.database.inTenant(tenantId, (query) =>
      query({
        text: `update idempotency_keys set held_until = now() + ${HELD} where tenant_id = $1 and key = $2 and part = $3`,
        values: [tenantId, key, part],
      }),
    );
  }

  /** Keeps the final answer under its key. */
  answer(query: Query, tenantId: string, key: Pick<Key, 'key' | 'part'>, answer: Answer): void {
    query.later(keepStatement(tenantId, key, answer, false));
  }

  /** Keeps what the key says where nobody will tell how its request ended; until the key is held no more, it runs. */
  presumed(tenantId: string, key: Pick<Key, 'key' | 'part'>, answer: Answer): Statement {
    return keepStatement(tenantId, key, answer, true);
  }

  /** Lets a key go: nothing was done under it, and the same key may try again. What was presumed of it may stay. */
  forget(
    query: Query,
    tenantId: string,
    { key, part }: Pick<Key, 'key' | 'part'>,
    { keepsPresumed = false } = {},
  ): void {
    query.later({
      text: `delete from idempotency_keys where tenant_id = $1 and key = $2 and part = $3
             and (answer is null or (presumed and not $4))`,
      values: [tenantId, key, part, keepsPresumed],
    });
  }

  /** Forgets some of the keys that nobody may use any more; says whether there may be more. */
  sweep(limit: number): Promise<boolean> {
    const over = {
      table: 'idempotency_keys',
      where: `created_at < now() - ${KEPT}`,
      oldest: 'created_at',
    };
    return this.database.asSystem((query) => {
      query.later({ text: FORGET_UNOWNED, values: [limit] });
      return forgetSome(query, over, limit);
    });
  }
}

/** Keys of tenants that are gone; which tenants there are is looked up from one to the next, in the order of the keys. */
const FORGET_UNOWNED = `
  with recursive met (id) as (
    (select tenant_id from idempotency_keys order by tenant_id limit 1)
    union all
    select (select k.tenant_id from idempotency_keys k where k.tenant_id > m.id order by k.tenant_id limit 1)
    from met m where m.id is not null
  )
  delete from idempotency_keys where ctid = any(array(
    select held.ctid from met m cross join lateral (
      select k.ctid from idempotency_keys k where k.tenant_id = m.id limit $1
    ) held where m.id <> '${NOBODY}' and not exists (select from tenants t where t.id = m.id)
  ))`;
