import type { FastifyInstance } from 'fastify';
import { Temporal } from 'temporal-polyfill';
import { badRequest, notFound } from './query';
import { overlapping } from './nested';
import { recordOf, send, sendPage, type Request } from './reads';
import { idOf, patientIds, stamp, stands, type Row, type State, word } from './state';

const MOST_DAYS_APART = 7;
const HORIZON_DAYS = 365;
const [OPENS, CLOSES] = [8, 18];

/** The three that an online booking names; 404 where one is not offered online, or not with the others. */
interface Offer {
  readonly business: Row;
  readonly practitioner: Row;
  readonly type: Row;
}
function offerOf({ tables }: State, { b = '', p = '', t = '' }: Record<string, string>): Offer {
  const [business, practitioner, type] = [
    recordOf(tables.businesses, b),
    recordOf(tables.practitioners, p),
    recordOf(tables.appointment_types, t),
  ];
  const isOnline = [business, practitioner, type].every(
    (row) => row['show_in_online_bookings'] === true && stands(row),
  );
  const service = tables.services.rows.find(
    (row) => row['business_id'] === b && row['appointment_type_id'] === t,
  );
  const isOffered = (service?.['practitioner_ids'] as readonly string[] | undefined)?.includes(p) ?? false;
  if (!isOnline || !isOffered || practitioner['active'] !== true) throw notFound();
  return { business, practitioner, type };
}

function day(written: string | readonly string[] | undefined): Temporal.PlainDate {
  try {
    return Temporal.PlainDate.from(String(written), { overflow: 'reject' });
  } catch {
    throw badRequest('Invalid time frame definition, from and to must be dates');
  }
}

/** The starts that are free in a row of days of the business: every length of the type within the working hours. */
function freeStarts(state: State, offer: Offer, from: Temporal.PlainDate, to: Temporal.PlainDate): string[] {
  const timeZone = word(offer.business, 'time_zone_identifier');
  const minutes = Number(offer.type['duration_in_minutes']);
  const starts: string[] = [];
  for (let date = from; Temporal.PlainDate.compare(date, to) <= 0; date = date.add({ days: 1 })) {
    if (date.dayOfWeek > 5) continue;
    const opens = date.toZonedDateTime({ timeZone, plainTime: { hour: OPENS } }).epochMilliseconds;
    const closes = date.toZonedDateTime({ timeZone, plainTime: { hour: CLOSES } }).epochMilliseconds;
    for (let at = opens; at + minutes * 60_000 <= closes; at += minutes * 60_000) {
      const [starts_at, ends_at] = [stamp(new Date(at)), stamp(new Date(at + minutes * 60_000))];
      const slot = { practitioner_id: idOf(offer.practitioner), starts_at, ends_at };
      if (at > state.now().getTime() && overlapping(state, slot).length === 0) starts.push(starts_at);
    }
  }
  return starts;
}

/** Of a type for groups only the groups that there are, while they have room. */
function groupStarts(
  state: State,
  { practitioner, type, business }: Offer,
  from: string,
  to: string,
): string[] {
  const groups =
    state.tables.group_appointments.indexes.get('practitioner_id')?.get(idOf(practitioner)) ?? [];
  return groups
    .filter(
      (group) =>
        stands(group) &&
        group['appointment_type_id'] === type['id'] &&
        group['business_id'] === business['id'],
    )
    .filter((group) => word(group, 'starts_at') >= from && word(group, 'starts_at') < to)
    .filter((group) => patientIds(state, group).length < Number(group['max_attendees']))
    .map((group) => word(group, 'starts_at'))
    .sort();
}

function starts(state: State, offer: Offer, from: Temporal.PlainDate, to: Temporal.PlainDate): string[] {
  if (Number(offer.type['max_attendees']) <= 1) return freeStarts(state, offer, from, to);
  const timeZone = word(offer.business, 'time_zone_identifier');
  const bound = (date: Temporal.PlainDate): string =>
    stamp(new Date(date.toZonedDateTime({ timeZone }).epochMilliseconds));
  const first = [bound(from), stamp(state.now())].sort().at(-1) ?? '';
  return groupStarts(state, offer, first, bound(to.add({ days: 1 })));
}

const PATH = '/businesses/:b/practitioners/:p/appointment_types/:t';

/** What can be booked online. https://docs.api.cliniko.com/openapi/available-time */
export function availableTimes(app: FastifyInstance, state: State): void {
  const today = ({ business }: Offer): Temporal.PlainDate =>
    Temporal.Instant.fromEpochMilliseconds(state.now().getTime())
      .toZonedDateTimeISO(word(business, 'time_zone_identifier'))
      .toPlainDate();
  app.get(`${PATH}/available_times`, (request: Request, reply) => {
    const [from, to] = [day(request.query['from']), day(request.query['to'])];
    const offer = offerOf(state, request.params);
    const apart = from.until(to).days;
    if (apart < 0 || apart > MOST_DAYS_APART)
      throw badRequest('Invalid time frame definition, at most 7 days can be requested');
    if (Temporal.PlainDate.compare(from, today(offer)) < 0)
      throw badRequest('Invalid time frame definition, from is in the past');
    const rows = starts(state, offer, from, to).map((appointment_start) => ({ appointment_start }));
    return sendPage(request, reply, { key: 'available_times', rows, render: (row) => row });
  });
  app.get(`${PATH}/next_available_time`, (request: Request, reply) => {
    const offer = offerOf(state, request.params);
    const first = today(offer);
    for (let days = 0; days < HORIZON_DAYS; days += 1) {
      const [found] = starts(state, offer, first.add({ days }), first.add({ days }));
      if (found !== undefined) return send(reply, 200, { appointment_start: found });
    }
    throw notFound();
  });
}
