import type { FastifyRequest } from 'fastify';
import { Temporal } from 'temporal-polyfill';
import { integerIn, refuse } from './requests';
import { placeOf, type State } from './state';

const TIME_ZONE = 'Europe/Brussels';
const DAYS_AHEAD = 21;
const MOST = 60;
const OPENS = 8;
const CLOSES = 18;
const LONGEST_APPOINTMENT = 86_400;

/** The free times of a calendar in which a service fits, on working days; ISO 8601 with Brussels' offset of the day. */
export function suggestions(state: State, request: FastifyRequest): object[] {
  const [calendarId, serviceId] = [integerIn(request, 'calendar_id'), integerIn(request, 'service_id')];
  if (calendarId === null || serviceId === null) throw refuse(422, 'calendar_id and service_id are required');
  const service = state.services.get(calendarId)?.byId.get(serviceId);
  if (service === undefined) throw refuse(404, 'Not Found');
  const taken = state.appointments.get(calendarId);
  const isFree = (from: number, to: number): boolean =>
    taken === undefined ||
    taken.rows
      .slice(placeOf(taken, from - LONGEST_APPOINTMENT), placeOf(taken, to))
      .every((row) => row.status === 'cancelled' || row.stop <= from);
  const found: object[] = [];
  const now = Temporal.Instant.fromEpochMilliseconds(state.now().getTime()).toZonedDateTimeISO(TIME_ZONE);
  for (let ahead = 0; ahead < DAYS_AHEAD; ahead += 1) {
    const day = now.toPlainDate().add({ days: ahead });
    if (day.dayOfWeek > 5) continue;
    const [opens, closes] = [OPENS, CLOSES].map((hour) =>
      day.toZonedDateTime({ timeZone: TIME_ZONE, plainTime: { hour } }),
    ) as [Temporal.ZonedDateTime, Temporal.ZonedDateTime];
    for (let start = opens; Temporal.ZonedDateTime.compare(start, closes) < 0 && found.length < MOST;) {
      const stop = start.add({ minutes: service.duration });
      const isAhead =
        Temporal.ZonedDateTime.compare(start, now) > 0 && Temporal.ZonedDateTime.compare(stop, closes) <= 0;
      if (isAhead && isFree(start.epochMilliseconds / 1000, stop.epochMilliseconds / 1000))
        found.push({
          suggestion: {
            calendar_id: calendarId,
            service_id: serviceId,
            start: written(start),
            stop: written(stop),
          },
        });
      start = stop;
    }
  }
  return found;
}

const written = (time: Temporal.ZonedDateTime): string =>
  time.toString({ timeZoneName: 'never', fractionalSecondDigits: 0 });
