import { mapReferences, type ResourceName } from '../../src/canonical/index';
import type { RemoteRef } from '../../src/canonical/ids';
import type { Port, Remote, Seen, Vendor } from '../../src/vendors/contract';
import { openAdapter } from '../support/adapter';
import type { Clinic, Window } from '../support/clinics';
import type { Gateway } from '../support/gateway';
import { remoteName } from '../support/remote-names';
import { until } from '../support/until';
import type { Appointment } from './errands';

const SETTLING_MS = 60_000;

/** Everything of a resource that the vendor holds in a time, asked for without the gateway, by its name there. */
export async function heldAtVendor<R extends ResourceName>(
  { clinic, vendor }: { readonly clinic: Clinic; readonly vendor: Vendor },
  resource: R,
  window: Window,
): Promise<ReadonlyMap<string, Seen<R>>> {
  const port = openAdapter(vendor, clinic.sandbox).ports[resource] as Port<R>;
  const held = new Map<string, Seen<R>>();
  for await (const { items } of port.list({ window, updatedSince: null, resumeAt: null }))
    for (const seen of items) held.set(remoteName(resource, seen.ref), seen);
  return held;
}

/** What a vendor's record says, with names in place of references. A reason for cancelling may be kept by the gateway alone. */
export function saysAtVendor({ record, updatedAt }: Seen<'appointments'>): object {
  const named: Remote<'appointments'> = mapReferences.appointments(
    record,
    (to, ref: RemoteRef) => remoteName(to, ref) as never,
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
