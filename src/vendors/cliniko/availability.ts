import { Temporal } from 'temporal-polyfill';
import type { RemoteRef } from '../../canonical/ids';
import type { Slot } from '../../canonical/slot';
import { instant, required, text, type Instant } from '../../canonical/values';
import type { Availability, AvailabilityPort, AvailabilityQuery } from '../contract';
import { VendorError } from '../kit/error';
import type { VendorHttp } from '../kit/policy';
import { walk } from '../kit/pages';
import { listPage, reader, type Reader } from './api';
import type { ClinikoSettings } from './cliniko.config';
import { durationOf } from './service.mapper';
import {
  APPOINTMENT_TYPES,
  availableTimesOf,
  BUSINESSES,
  idOf,
  linkedId,
  practitionersOf,
  SERVICES,
  type ClinikoAvailableTime,
  type Collection,
} from './wire';

/** Cliniko documents seven days a request, and refuses seven at times: six whole days pass under every reading. */
const DAYS_A_REQUEST = 6;
const NOT_OFFERED = 'The practitioner, the service or the location is not offered online, or not together';

/** The days that hold [from, to) in a time zone, none before today: Cliniko refuses the past. In pieces that one request may ask for. */
function pieces(
  from: Instant,
  to: Instant,
  timeZone: string,
): { readonly from: string; readonly to: string }[] {
  const dayOf = (at: Temporal.Instant): Temporal.PlainDate => at.toZonedDateTimeISO(timeZone).toPlainDate();
  const [asked, today] = [dayOf(Temporal.Instant.from(from)), dayOf(Temporal.Now.instant())];
  const last = dayOf(Temporal.Instant.from(to).subtract({ milliseconds: 1 }));
  const made: { from: string; to: string }[] = [];
  let first = Temporal.PlainDate.compare(asked, today) < 0 ? today : asked;
  while (Temporal.PlainDate.compare(first, last) <= 0) {
    const end = first.add({ days: DAYS_A_REQUEST - 1 });
    made.push({
      from: first.toString(),
      to: (Temporal.PlainDate.compare(end, last) < 0 ? end : last).toString(),
    });
    first = end.add({ days: 1 });
  }
  return made;
}

async function startsIn(
  http: VendorHttp,
  times: Collection<ClinikoAvailableTime>,
  days: { readonly from: string; readonly to: string },
): Promise<Instant[]> {
  const starts: Instant[] = [];
  const fetch = async (
    at: string,
  ): Promise<{ items: readonly ClinikoAvailableTime[]; next: string | null }> => {
    const { rows, hasNext } = await listPage(http, times, Number(at), days);
    return { items: rows, next: hasNext ? String(Number(at) + 1) : null };
  };
  for await (const { items } of walk('1', fetch, {
    operation: 'list available times',
    idOf: (row) => text(row.appointment_start) ?? '',
  }))
    starts.push(
      ...items.map((row) =>
        required(instant(row.appointment_start, 'appointment_start'), 'appointment_start'),
      ),
    );
  return starts;
}

const needed = (ref: RemoteRef | null): RemoteRef => required(ref, 'practitioner, service and location');

/** Times that can be booked online. https://docs.api.cliniko.com/openapi/available-time */
export function availability(http: VendorHttp, settings: ClinikoSettings): AvailabilityPort {
  const read = reader(http);
  return {
    async find(query: AvailabilityQuery): Promise<Availability> {
      const [practitioner, service, location] = [
        needed(query.practitioner),
        needed(query.service),
        needed(query.location),
      ];
      const [business, type] = await Promise.all([
        read.find(BUSINESSES, location.id),
        read.find(APPOINTMENT_TYPES, service.id),
      ]);
      const timeZone = text(business?.time_zone_identifier) ?? settings.timeZone;
      const minutes = type === null ? null : durationOf(type);
      const slots: Slot<RemoteRef>[] = [];
      try {
        for (const days of pieces(query.from, query.to, timeZone))
          for (const start of await startsIn(
            http,
            availableTimesOf(location.id, practitioner.id, service.id),
            days,
          ))
            if (start >= query.from && start < query.to)
              slots.push({
                start,
                // Cliniko tells starts alone.
                end: minutes === null ? null : new Date(Date.parse(start) + minutes * 60_000).toISOString(),
                practitionerId: practitioner,
                serviceId: service,
                locationId: location,
              });
      } catch (error) {
        if (error instanceof VendorError && error.kind === 'not_found')
          return { slots: [], warnings: [NOT_OFFERED] };
        throw error;
      }
      return { slots, warnings: [] };
    },
  };
}

/** Where practitioners work: Cliniko tells by each business's lists alone. */
export async function workplaces(read: Reader): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const by = new Map<string, Set<string>>();
  for (const business of (await read.allIfOpen({ ...BUSINESSES, hides: [] })).map(idOf))
    for (const inactive of [false, true])
      for (const practitioner of (await read.allIfOpen(practitionersOf(business, inactive))).map(idOf))
        by.set(practitioner, (by.get(practitioner) ?? new Set()).add(business));
  return by;
}

/** Who offers which appointment type: `GET /services` tells of all at once. */
export async function offers(read: Reader): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const by = new Map<string, Set<string>>();
  for (const { appointment_type, practitioners } of await read.allIfOpen(SERVICES)) {
    const type = linkedId(appointment_type);
    const known = by.get(type) ?? new Set();
    for (const id of (practitioners ?? []).map(linkedId)) if (id !== '') known.add(id);
    by.set(type, known);
  }
  return by;
}
