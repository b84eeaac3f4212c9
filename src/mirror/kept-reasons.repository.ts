import type { CancellationReason } from '../canonical/appointment';
import type { GatewayId } from '../canonical/ids';
import type { ResourceName } from '../canonical/index';
import type { Owner, Resolved } from '../identity/identity.service';
import type { Query } from '../platform/database/database';
import type { Seen } from '../vendors/contract';

/** Why an appointment was cancelled, as the caller said it: what the vendor has no field for. */
export interface KeptReason {
  readonly reason: CancellationReason | null;
  readonly note: string | null;
}

/** The appointments of a page for whose cancellation the vendor names no reason and no note. */
export const cancelledOf = (seen: readonly Seen<ResourceName>[], resolved: Resolved): GatewayId[] =>
  seen.flatMap((one) => {
    const cancellation = 'cancellation' in one.record ? one.record.cancellation : null;
    const isSilent = cancellation?.reason === null || cancellation?.note === null;
    return isSilent ? [resolved.id('appointments', one.ref)] : [];
  });

/** What the gateway keeps of these cancellations. */
export async function keptReasons(
  query: Query,
  { tenantId }: Owner,
  ids: readonly GatewayId[],
): Promise<ReadonlyMap<GatewayId, KeptReason>> {
  if (ids.length === 0) return new Map();
  const rows = await query<KeptReason & { id: GatewayId }>({
    name: 'cancellation_reasons_of',
    text: 'select id, reason, note from cancellation_reasons where tenant_id = $1 and id = any($2::uuid[])',
    values: [tenantId, ids],
  });
  return new Map(rows.map((row) => [row.id, row]));
}

/** Keeps a reason; a later one takes the place of an earlier. */
export function keepReason(query: Query, tenantId: string, id: string, { reason, note }: KeptReason): void {
  query.later({
    text: `insert into cancellation_reasons (tenant_id, id, reason, note) values ($1, $2, $3, $4)
           on conflict (tenant_id, id) do update set reason = excluded.reason, note = excluded.note`,
    values: [tenantId, id, reason, note],
  });
}

/** The record with what is kept of its cancellation where the vendor says nothing. */
export function withReason<R extends ResourceName>(seen: Seen<R>, kept: KeptReason | undefined): Seen<R> {
  if (!kept || !('cancellation' in seen.record) || seen.record.cancellation === null) return seen;
  const { cancellation } = seen.record;
  const filled = {
    ...cancellation,
    reason: cancellation.reason ?? kept.reason,
    note: cancellation.note ?? kept.note,
  };
  return { ...seen, record: { ...seen.record, cancellation: filled } };
}
