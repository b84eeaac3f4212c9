import { text } from '../../canonical/values';
import { VendorError } from '../kit/error';
import type { VendorAnswer, VendorHttp } from '../kit/policy';
import { path, type Query } from '../kit/url';
import type { ProgendaSettings } from './progenda.config';
import { holds, isOut } from './tables';
import * as wire from './wire';

/** How many patients a page holds; Progenda sets it. */
export const PATIENTS_A_PAGE = 1000;

/** One list and its headers. */
async function rows(
  http: VendorHttp,
  request: { readonly operation: string; readonly path: string; readonly query?: Query },
  [plural, singular]: readonly [string, string],
): Promise<{ items: unknown[]; headers: VendorAnswer['headers'] }> {
  const { body, headers } = await http.request(request);
  const items = wire.rowsIn(body, plural, singular);
  if (items === null) throw wire.unexpected(request.operation, `The answer holds no list of ${plural}`);
  return { items, headers };
}

/** `GET calendars`: those that the user can access, of every center. */
async function listCalendars(http: VendorHttp): Promise<wire.WireCalendar[]> {
  const request = { operation: 'list practitioners', path: '/calendars' };
  return (await rows(http, request, ['calendars', 'calendar'])).items as wire.WireCalendar[];
}

/** `GET centers`, those of the settings; one that is not there is an error, lest its records pass for deleted. */
export async function centersOf(
  http: VendorHttp,
  { centerIds }: ProgendaSettings,
): Promise<wire.WireCenter[]> {
  const request = { operation: 'list locations', path: '/centers' };
  const centers = (await rows(http, request, ['centers', 'center'])).items as wire.WireCenter[];
  if (!centerIds) return centers;
  const reached = centers.filter((center) => centerIds.includes(text(center.id) ?? ''));
  const ids = new Set(reached.map((center) => text(center.id)));
  const missing = centerIds.filter((id) => !ids.has(id));
  if (missing.length === 0) return reached;
  const message = `These credentials reach no center ${missing.join(', ')} of settings.centerIds`;
  const at = { operation: request.operation, status: 200, code: null, retryAfterMs: null } as const;
  throw new VendorError('not_found', message, { ...at, outcome: 'not_done' });
}

/** The calendars of the settings' centers. */
export async function calendarsOf(
  http: VendorHttp,
  settings: ProgendaSettings,
): Promise<wire.WireCalendar[]> {
  if (!settings.centerIds) return listCalendars(http);
  const [centers, calendars] = [await centersOf(http, settings), await listCalendars(http)];
  const ids = new Set(centers.map((center) => text(center.id)));
  return calendars.filter((calendar) => ids.has(text(calendar.center_id)));
}

/** `GET calendars/{id}/services`. */
export async function listServices(http: VendorHttp, calendarId: string): Promise<wire.WireService[]> {
  const request = { operation: 'list services', path: path`/calendars/${calendarId}/services` };
  return (await rows(http, request, ['services', 'service'])).items as wire.WireService[];
}

/** A page of patients, and how many there are on all pages; null where the vendor does not say. */
export interface PatientPage {
  readonly items: readonly wire.WirePatient[];
  readonly total: number | null;
}

/** `GET centers/{id}/patients`, one page and the `X-Total-Count` of all. */
export async function listPatients(
  http: VendorHttp,
  { centerId, page, since }: { centerId: string; page: number; since: number | null },
): Promise<PatientPage> {
  const query = { page, ...(since === null ? {} : { since }) };
  const request = { operation: 'list clients', path: path`/centers/${centerId}/patients`, query };
  const { items, headers } = await rows(http, request, ['patients', 'patient']);
  const count = headers['x-total-count'] ?? '';
  return { items: items as wire.WirePatient[], total: /^\d{1,9}$/.test(count) ? Number(count) : null };
}

/** `GET calendars/{id}/appointments`; it has no pages. `start` and `stop` are in the curl line alone, their edges undocumented. */
export async function listAppointments(
  http: VendorHttp,
  { calendarId, ...range }: { calendarId: string; start: number; stop: number; since: number | null },
): Promise<wire.WireAppointment[]> {
  const { start, stop, since } = range;
  const query = { start, stop, ...(since === null ? {} : { since }) };
  const at = path`/calendars/${calendarId}/appointments`;
  const request = { operation: 'list appointments', path: at, query };
  return (await rows(http, request, ['appointments', 'appointment'])).items as wire.WireAppointment[];
}

/** `GET suggestions`; how far ahead and how many is Progenda's choice. */
export async function listSuggestions(
  http: VendorHttp,
  { calendarId, serviceId }: { calendarId: string; serviceId: string },
): Promise<wire.WireSuggestion[]> {
  const query = { calendar_id: calendarId, service_id: serviceId };
  const request = { operation: 'find availability', path: '/suggestions', query };
  return (await rows(http, request, ['suggestions', 'suggestion'])).items as wire.WireSuggestion[];
}

type Shown<R extends wire.Written> = Promise<wire.WireRecords[R] | null>;

/** `GET …/remote_id:{mark}`; null where no record has it. */
export async function retrieve<R extends wire.Written>(
  { http, kind }: wire.Shelf<R>,
  marked: wire.Marked,
): Shown<R> {
  const request = { operation: `get ${kind.word}`, path: wire.markPath(kind, marked) };
  try {
    const record = wire.recordIn(kind, (await http.request(request)).body);
    if (record === null) throw wire.unexpected(request.operation, `The answer holds no ${kind.one}`);
    return record;
  } catch (error) {
    if (error instanceof VendorError && error.kind === 'not_found') return null;
    throw error;
  }
}

/**
 * `POST …/patients`, `…/appointments`; null where the answer shows no record. Progenda refuses a remote id that is taken.
 * Nobody else has ours: then an earlier try has made the record.
 */
async function create<R extends wire.Written>({ http, kind }: wire.Shelf<R>, deed: wire.Deed): Shown<R> {
  const json = { [kind.one]: { remote_id: deed.mark, ...deed.body } };
  const request = { operation: `create ${kind.word}`, path: wire.listPath(kind, deed.owner), json };
  try {
    return wire.recordIn(kind, (await http.request({ ...request, method: 'POST' })).body);
  } catch (error) {
    const made = wire.isRefused(error) ? await retrieve({ http, kind }, deed) : null;
    if (made === null) throw error;
    return made;
  }
}

/** `PUT …/remote_id:{mark}`; null where the answer shows no record. */
async function update<R extends wire.Written>({ http, kind }: wire.Shelf<R>, deed: wire.Deed): Shown<R> {
  const json = { [kind.one]: deed.body };
  const request = { operation: `update ${kind.word}`, path: wire.markPath(kind, deed), json };
  return wire.recordIn(kind, (await http.request({ ...request, method: 'PUT' })).body);
}

/** The record after a write: where it cannot be read, nobody knows whether the write took effect. */
const lookedUp = <R extends wire.Written>(shelf: wire.Shelf<R>, marked: wire.Marked): Shown<R> =>
  retrieve(shelf, marked).catch((error: unknown) => Promise.reject(wire.failedAs('unknown')(error)));

/** The same where it holds what was written, else null. */
async function written<R extends wire.Written>(shelf: wire.Shelf<R>, deed: wire.Deed): Shown<R> {
  const now = await lookedUp(shelf, deed);
  return now !== null && holds(now, deed.body) ? now : null;
}

/** Sends one write. A yes that shows the record is believed; behind any other the record is looked at. */
export async function write<R extends wire.Written>(
  shelf: wire.Shelf<R>,
  deed: wire.Deed,
): Promise<wire.WireRecords[R]> {
  const shown = await (deed.id === null ? create(shelf, deed) : update(shelf, deed));
  if (shown !== null && wire.isWhole(shelf.kind, shown, deed.mark)) return shown;
  const now = await written(shelf, deed);
  if (now !== null) return now;
  throw wire.unexpected(`write ${shelf.kind.word}`, 'Progenda says yes, and has not written it');
}

/** `DELETE …/remote_id:{mark}`, whose answer is documented nowhere; gives what is still shown of the record. */
export async function erase<R extends wire.Written>(shelf: wire.Shelf<R>, marked: wire.Marked): Shown<R> {
  const operation = `delete ${shelf.kind.word}`;
  await shelf.http.request({ operation, method: 'DELETE', path: wire.markPath(shelf.kind, marked) });
  const left = await lookedUp(shelf, marked);
  if (left === null || isOut(left.status)) return left;
  throw wire.unexpected(operation, 'Progenda says yes, and has not deleted it');
}

/** `PUT …/{id}`: gives a record that was made inside Progenda the remote id by which alone it can be written. */
export async function assign(
  { http, kind }: wire.Shelf<wire.Written>,
  { owner, mark, id }: wire.Marked & { id: string },
): Promise<void> {
  const at = `${wire.listPath(kind, owner)}/${path`${id}`}`;
  const json = { [kind.one]: { remote_id: mark } };
  await http.request({ operation: `link ${kind.word}`, method: 'PUT', path: at, json, isRepeatable: true });
}

/** Sends many writes, in collections by owner. */
export async function* writeAll<R extends wire.Written>(
  shelf: wire.Shelf<R>,
  deeds: readonly wire.Deed[],
): AsyncGenerator<[wire.Deed, wire.WireRecords[R] | Error]> {
  for (const owner of new Set(deeds.map((deed) => deed.owner))) {
    const own = deeds.filter((deed) => deed.owner === owner);
    for (let at = 0; at < own.length; at += wire.RECORDS_TOGETHER)
      yield* await writeMany(shelf, { owner, deeds: own.slice(at, at + wire.RECORDS_TOGETHER) });
  }
}

/**
 * `POST …_collections` for one owner, an outcome for each record. What the answer leaves out is looked at; it goes out
 * alone where it was not written, or was refused with the others.
 */
async function writeMany<R extends wire.Written>(
  shelf: wire.Shelf<R>,
  { owner, deeds }: { owner: string; deeds: readonly wire.Deed[] },
): Promise<[wire.Deed, wire.WireRecords[R] | Error][]> {
  const { http, kind } = shelf;
  const [operation, json] = [`write ${kind.resource}`, wire.collectionOf(kind, deeds)];
  const at = `${wire.listPath(kind, owner)}_collections`;
  let shown: readonly wire.WireRecords[R][] = [];
  try {
    const { body } = await http.request({ operation, method: 'POST', path: at, json });
    shown = (wire.rowsIn(body, kind.many, kind.one) ?? []) as wire.WireRecords[R][];
  } catch (error) {
    if (!wire.isRefused(error)) return deeds.map((deed) => [deed, wire.asError(error)]);
  }
  const outcome = async (deed: wire.Deed): Promise<wire.WireRecords[R]> =>
    shown.find((record) => wire.isWhole(kind, record, deed.mark)) ??
    (await written(shelf, deed)) ??
    (await write(shelf, deed));
  return Promise.all(deeds.map(async (deed) => [deed, await outcome(deed).catch(wire.asError)]));
}

/** `POST calendars/{id}/services_collections` with one service as it is, and its remote id. */
async function assignService(
  http: VendorHttp,
  calendarId: string,
  { id, name, duration, color, remote_id }: wire.WireService,
): Promise<void> {
  const services = [{ service: { id, remote_id, name, duration, ...(color === null ? {} : { color }) } }];
  const at = path`/calendars/${calendarId}/services_collections`;
  const json = { services_collection: { services } };
  await http.request({ operation: 'link service', method: 'POST', path: at, json, isRepeatable: true });
}

/** The services of calendars, each list read once until one of them is given a remote id. */
export function serviceLists(http: VendorHttp) {
  const lists = new Map<string, Promise<wire.WireService[]>>();
  return {
    of: (calendarId: string): Promise<wire.WireService[]> => {
      const list = lists.get(calendarId) ?? listServices(http, calendarId);
      lists.set(calendarId, list);
      return list;
    },
    assign: async (calendarId: string, service: wire.WireService): Promise<void> => {
      await assignService(http, calendarId, service);
      lists.delete(calendarId);
    },
  };
}
