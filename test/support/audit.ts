import type { Answer, Call, ListOf } from './calls';
import { until } from './until';

/** An audit event as the API shows it. */
export interface ShownAuditEvent {
  readonly id: string;
  readonly at: string;
  readonly actor: { readonly kind: string; readonly id: string | null };
  readonly action: string;
  readonly resource: string;
  readonly resourceIds: readonly string[];
  readonly clientIds: readonly string[];
  readonly connectionId: string | null;
  readonly outcome: string;
  readonly status: number | null;
  readonly requestId: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** The newest audit events. */
export const auditPage = async (call: Call, query = 'limit=200'): Promise<readonly ShownAuditEvent[]> =>
  (await call<ListOf<ShownAuditEvent>>('GET', `/v1/audit-events?${query}`)).need(200).data;

/** Waits until all that a tenant's calls have had audited so far is written: it is written behind them, in their order. */
export async function auditAtRest(call: Call): Promise<void> {
  await auditOf(call, await call('GET', '/v1/clients?limit=1'));
}

/** What the audit says of the request that was answered so, as soon as it says anything. */
export function auditOf(call: Call, { headers }: Answer<unknown>): Promise<readonly ShownAuditEvent[]> {
  const requestId = headers.get('x-request-id');
  return until(
    async () => (await auditPage(call)).filter((event) => event.requestId === requestId),
    (found) => found.length > 0,
  );
}
