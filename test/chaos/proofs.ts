import { mapReferences } from '../../src/canonical/index';
import type { RemoteRef } from '../../src/canonical/ids';
import type { Port, Remote, Seen } from '../../src/vendors/contract';
import { openAdapter } from '../support/adapter';
import type { Desk } from '../support/bookings';
import type { ShownMapping } from '../support/calls';
import type { Gateway } from '../support/gateway';
import { until } from '../support/until';
import type { Appointment } from './errands';

const DAY = 86_400_000;
const YEAR_DAYS = 365;
const SETTLING_MS = 60_000;

const nameOf = ({ id, scope }: RemoteRef): string => `${scope}/${id}`;

/** Every appointment that the vendor holds from now on, asked for without the gateway, by its name there. */
export async function heldAtVendor({
  clinic,
  vendor,
}: Desk): Promise<ReadonlyMap<string, Seen<'appointments'>>> {
  const { ports } = openAdapter(vendor, clinic.sandbox);
  const port = ports.appointments as Port<'appointments'>;
  const now = Date.now();
  const window = {
    from: new Date(now).toISOString(),
    to: new Date(now + YEAR_DAYS * DAY).toISOString(),
  };
  const held = new Map<string, Seen<'appointments'>>();
  for await (const { items } of port.list({ window, updatedSince: null, resumeAt: null }))
    for (const seen of items) held.set(nameOf(seen.ref), seen);
  return held;
}

/** The vendor's names of everything that the connection knows, by our ids. */
export async function namesByIds({ tenant, connectionId }: Desk): Promise<ReadonlyMap<string, string>> {
  const rows = await tenant.all<ShownMapping>(`/v1/remote-ids?connectionId=${connectionId}`);
  return new Map(
    rows.map(({ canonicalId, remoteId, remoteScope }) => [
      canonicalId,
      nameOf({ id: remoteId, scope: remoteScope ?? '' }),
    ]),
  );
}

/** What a vendor's record says, with names in place of references. A reason for cancelling may be kept by the gateway alone. */
export function saysAtVendor({ record, updatedAt }: Seen<'appointments'>): object {
  const named: Remote<'appointments'> = mapReferences.appointments(
    record,
    (_to, ref: RemoteRef) => nameOf(ref) as never,
  );
  return { ...named, cancellation: named.cancellation && { at: named.cancellation.at }, updatedAt };
}

/** The same of a record as the API shows it. */
export function saysHere(shown: Appointment, names: ReadonlyMap<string, string>): object {
  return mapReferences.appointments(shown, (_to, id: string) => names.get(id) ?? `unknown ${id}`);
}

/** What the service has left open once everything was answered: writes, keys, held times and reserved ids. */
export async function leftOpen(gateway: Gateway): Promise<object> {
  const open = async (): Promise<Record<string, number>> => {
    const [counts] = await gateway.rows<Record<string, number>>(
      `select (select count(*)::int from writes where state <> 'settled') as writes,
              (select count(*)::int from idempotency_keys where answer is null) as keys,
              (select count(*)::int from held_times) as times,
              (select count(*)::int from reserved_ids) as ids`,
    );
    return counts ?? {};
  };
  return until(open, (counts) => Object.values(counts).every((count) => count === 0), SETTLING_MS);
}
