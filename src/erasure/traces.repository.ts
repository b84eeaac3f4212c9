import type { ConnectionError, ConnectionWarning } from '../connections/connection-state';
import type { Owner } from '../identity/identity.service';
import type { Query } from '../platform/database/database';
import { SEALED_TEXT } from '../platform/database/sealed-column';
import type { Answer } from '../writes/write';

/** An answer that is kept under a key. */
export interface KeptAnswer {
  readonly key: string;
  readonly part: number;
  readonly body: string;
}
/** What a sync says of a record that it could not take over. */
export interface SaidError {
  readonly resource: string | null;
  readonly remoteId: string | null;
  readonly message: string;
}
type SaidProgress = Readonly<
  Record<string, { readonly warnings: readonly { readonly value: string | null }[] }>
>;
interface OpenRow extends Record<string, unknown> {
  readonly id: string;
  readonly key: string | null;
  readonly part: number | null;
}
interface WriteRow extends OpenRow {
  readonly recordId: string;
  readonly state: string;
}

/**
 * Ends writes that concern a client and whose outcome nobody knows: they are looked for no more. False where one is being
 * carried out just now.
 */
export async function endWrites(
  query: Query,
  tenantId: string,
  clientId: string,
  answer: Answer,
): Promise<boolean> {
  const concerned = `tenant_id = $1 and state <> 'settled' and (record_id = $2::uuid or position($2::text in request::text) > 0)`;
  const values = [tenantId, clientId];
  const open = await query<OpenRow>({
    text: `select id, idempotency_key as key, part from writes where ${concerned}`,
    values,
  });
  if (open.length === 0) return true;
  if (!(await holdKeys(query, tenantId, open))) return false;
  const rows = await query<WriteRow>({
    text: `select id, record_id as "recordId", state, idempotency_key as key, part from writes
           where ${concerned} for update skip locked`,
    values,
  });
  if (rows.length < open.length || rows.some(({ state }) => state === 'sent')) return false;
  const ids = rows.map(({ id }) => id);
  await query({
    text: `update writes set state = 'settled', outcome = 'ambiguous', settled_at = now(), look_at = null, request = '{}'
           where tenant_id = $1 and id = any($2::uuid[])`,
    values: [tenantId, ids],
  });
  await query({
    text: 'delete from held_times where tenant_id = $1 and write_id = any($2::uuid[])',
    values: [tenantId, ids],
  });
  await query({
    text: 'delete from reserved_ids where tenant_id = $1 and id = any($2::uuid[])',
    values: [tenantId, rows.map(({ recordId }) => recordId)],
  });
  const keyed = rows.flatMap(({ key, part }) => (key === null ? [] : [{ key, part: part ?? -1, body: '' }]));
  await replaceAnswers(query, tenantId, keyed, answer);
  return true;
}

/** Takes the keys of writes before the writes themselves, as whoever settles one does; false where somebody has one just now. */
async function holdKeys(query: Query, tenantId: string, open: readonly OpenRow[]): Promise<boolean> {
  const keyed = open.filter(({ key }) => key !== null);
  const select = `select 1 from idempotency_keys k
    join unnest($2::text[], $3::integer[]) as n (key, part) on n.key = k.key and n.part = k.part where k.tenant_id = $1`;
  const values = [tenantId, keyed.map(({ key }) => key), keyed.map(({ part }) => part ?? -1)];
  const [all, held] = await Promise.all([
    query({ text: select, values }),
    query({ text: `${select} for update of k skip locked`, values }),
  ]);
  return held.length === all.length;
}

/** The kept answers that hold one of these texts, and those that are sealed, so that nobody can tell from outside. */
export async function suspectAnswers(
  query: Query,
  tenantId: string,
  needles: readonly string[],
): Promise<KeptAnswer[]> {
  const patterns = needles.map((needle) => `%${needle.replace(/[\\%_]/g, '\\$&')}%`);
  return query<KeptAnswer & Record<string, unknown>>({
    text: `select key, part, answer ->> 'body' as body from idempotency_keys
           where tenant_id = $1 and answer is not null
             and ((answer ->> 'body') like any($2::text[]) or (answer ->> 'body') ~ $3)`,
    values: [tenantId, patterns, SEALED_TEXT],
  });
}

/** Puts another answer in the place of these: what was done under their keys is still not done again. */
export async function replaceAnswers(
  query: Query,
  tenantId: string,
  keys: readonly KeptAnswer[],
  { status, body, headers }: Answer,
): Promise<void> {
  await query({
    text: `update idempotency_keys k set answer = $4 from unnest($2::text[], $3::integer[]) as s (key, part)
           where k.tenant_id = $1 and k.key = s.key and k.part = s.part`,
    values: [
      tenantId,
      keys.map(({ key }) => key),
      keys.map(({ part }) => part),
      JSON.stringify({ status, body, headers }),
    ],
  });
}

/** What a sync or a connection may go on to say. */
export interface Unsaid {
  readonly error: (error: SaidError) => boolean;
  readonly warning: (warning: { readonly value: string | null }) => boolean;
  readonly message: (message: string) => boolean;
}

/**
 * Takes out of the syncs' records what tells of the client. A sync that runs and has said such a thing is taken up anew
 * from its last page, because its process still knows what it said.
 */
export async function unsaySyncs(
  query: Query,
  { tenantId, connectionId }: Owner,
  may: Unsaid,
): Promise<void> {
  const rows = await query<{ id: string; errors: SaidError[]; progress: SaidProgress }>({
    text: `select id, errors, progress from syncs
           where tenant_id = $1 and connection_id = $2 and (errors <> '[]' or progress::text like '%"value"%') for update`,
    values: [tenantId, connectionId],
  });
  for (const { id, errors, progress } of rows) {
    const said = errors.filter(may.error);
    const left = Object.fromEntries(
      Object.entries(progress).map(([resource, one]) => [
        resource,
        { ...one, warnings: one.warnings.filter(may.warning) },
      ]),
    );
    const isSame = said.length === errors.length && JSON.stringify(left) === JSON.stringify(progress);
    if (isSame) continue;
    await query({
      text: `update syncs set errors = $3, progress = $4, fence = fence + 1,
               lease_until = case when status = 'running' then now() else lease_until end
             where tenant_id = $1 and id = $2`,
      values: [tenantId, id, JSON.stringify(said), JSON.stringify(left)],
    });
  }
}

/** Takes out of what a connection says what tells of the client. */
export async function unsayConnection(
  query: Query,
  { tenantId, connectionId }: Owner,
  may: Unsaid,
): Promise<void> {
  const [row] = await query<{ warnings: ConnectionWarning[]; error: ConnectionError | null }>({
    text: 'select warnings, last_error as error from connections where tenant_id = $1 and id = $2 for update',
    values: [tenantId, connectionId],
  });
  if (!row) return;
  const { warnings, error } = row;
  await query({
    text: 'update connections set warnings = $3, last_error = $4 where tenant_id = $1 and id = $2',
    values: [
      tenantId,
      connectionId,
      JSON.stringify(warnings.filter(may.warning)),
      error && may.message(error.message) ? JSON.stringify(error) : null,
    ],
  });
}

/** Takes the vendor's id of the client out of the paths of what was asked past the model; that it was asked stays. */
export async function unsayAudit(
  query: Query,
  { tenantId, connectionId }: Owner,
  remoteId: string,
): Promise<void> {
  await query({ text: "select set_config('app.erased_name', $1, true)", values: [remoteId] });
  await query({
    text: `update audit_events set detail = jsonb_set(detail, '{path}', to_jsonb(path_without(detail ->> 'path', $3)))
           where tenant_id = $1 and connection_id = $2 and action = 'connection.passthrough'
             and path_without(detail ->> 'path', $3) <> detail ->> 'path'`,
    values: [tenantId, connectionId, remoteId],
  });
}
