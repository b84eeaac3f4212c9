import { text } from '../../canonical/values';
import { VendorError } from '../kit/error';
import type { HttpPolicy, VendorAnswer, VendorHttp } from '../kit/policy';
import { path, type Query } from '../kit/url';
import type { ProgendaCredentials, ProgendaSettings } from './progenda.config';
import type {
  WireAppointment,
  WireCalendar,
  WireCenter,
  WirePatient,
  WireService,
  WireSuggestion,
} from './wire';

/** How many patients a page holds; Progenda sets it. */
export const PATIENTS_A_PAGE = 1000;

/** An answer that came, but not as documented. */
export function unexpected(operation: string, message: string): VendorError {
  const at = { operation, status: 200, code: null, retryAfterMs: null, outcome: 'not_done' } as const;
  return new VendorError('invalid_response', message, at);
}

/** One list and its headers: `{"patients": [{"patient": {…}}]}`. A row without its envelope becomes a record without an id. */
async function rows(
  http: VendorHttp,
  request: { readonly operation: string; readonly path: string; readonly query?: Query },
  [plural, singular]: readonly [string, string],
): Promise<{ items: unknown[]; headers: VendorAnswer['headers'] }> {
  const { body, headers } = await http.request(request);
  const list = (body as Readonly<Record<string, unknown>> | null)?.[plural];
  if (!Array.isArray(list)) throw unexpected(request.operation, `The answer holds no list of ${plural}`);
  const items = list.map((row: Readonly<Record<string, unknown>> | null) => row?.[singular] ?? {});
  return { items, headers };
}

/** `GET centers`: those that the user can access. */
async function listCenters(http: VendorHttp): Promise<WireCenter[]> {
  const request = { operation: 'list locations', path: '/centers' };
  return (await rows(http, request, ['centers', 'center'])).items as WireCenter[];
}

/** `GET calendars`: those that the user can access, of every center. */
async function listCalendars(http: VendorHttp): Promise<WireCalendar[]> {
  const request = { operation: 'list practitioners', path: '/calendars' };
  return (await rows(http, request, ['calendars', 'calendar'])).items as WireCalendar[];
}

/** The centers of the settings; one that is not there is an error, lest its records pass for deleted. */
export async function centersOf(http: VendorHttp, { centerIds }: ProgendaSettings): Promise<WireCenter[]> {
  const centers = await listCenters(http);
  if (!centerIds) return centers;
  const reached = centers.filter((center) => centerIds.includes(text(center.id) ?? ''));
  const ids = new Set(reached.map((center) => text(center.id)));
  const missing = centerIds.filter((id) => !ids.has(id));
  if (missing.length === 0) return reached;
  const at = {
    operation: 'list locations',
    status: 200,
    code: null,
    retryAfterMs: null,
    outcome: 'not_done',
  } as const;
  throw new VendorError(
    'not_found',
    `These credentials reach no center ${missing.join(', ')} of settings.centerIds`,
    at,
  );
}

/** The calendars of the settings' centers. */
export async function calendarsOf(http: VendorHttp, settings: ProgendaSettings): Promise<WireCalendar[]> {
  if (!settings.centerIds) return listCalendars(http);
  const [centers, calendars] = [await centersOf(http, settings), await listCalendars(http)];
  const ids = new Set(centers.map((center) => text(center.id)));
  return calendars.filter((calendar) => ids.has(text(calendar.center_id)));
}

/** `GET calendars/{id}/services`. */
export async function listServices(http: VendorHttp, calendarId: string): Promise<WireService[]> {
  const request = { operation: 'list services', path: path`/calendars/${calendarId}/services` };
  return (await rows(http, request, ['services', 'service'])).items as WireService[];
}

/** A page of patients, and how many there are on all pages; null where the vendor does not say. */
export interface PatientPage {
  readonly items: readonly WirePatient[];
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
  return { items: items as WirePatient[], total: /^\d{1,9}$/.test(count) ? Number(count) : null };
}

/** `GET calendars/{id}/appointments`; it has no pages. `start` and `stop` are in the curl line alone, their edges undocumented. */
export async function listAppointments(
  http: VendorHttp,
  { calendarId, ...range }: { calendarId: string; start: number; stop: number; since: number | null },
): Promise<WireAppointment[]> {
  const { start, stop, since } = range;
  const query = { start, stop, ...(since === null ? {} : { since }) };
  const request = {
    operation: 'list appointments',
    path: path`/calendars/${calendarId}/appointments`,
    query,
  };
  return (await rows(http, request, ['appointments', 'appointment'])).items as WireAppointment[];
}

/** `GET suggestions`; how far ahead and how many is Progenda's choice. */
export async function listSuggestions(
  http: VendorHttp,
  { calendarId, serviceId }: { calendarId: string; serviceId: string },
): Promise<WireSuggestion[]> {
  const query = { calendar_id: calendarId, service_id: serviceId };
  const request = { operation: 'find availability', path: '/suggestions', query };
  return (await rows(http, request, ['suggestions', 'suggestion'])).items as WireSuggestion[];
}

const LONGEST_MESSAGE = 300;

/**
 * Reads a refusal's words: Progenda documents no error body, so whatever text stands under `error`, `message` or `errors`.
 * The credentials travel in the URL, which a server may repeat in its words: they are cut out.
 */
export function explainer({ userEmail, userToken }: ProgendaCredentials): HttpPolicy['explain'] {
  const secrets = [userEmail, userToken].flatMap((secret) => [secret, encodeURIComponent(secret)]);
  return (body) => {
    const { error, message, errors } = (body ?? {}) as Readonly<Record<string, unknown>>;
    const said = error ?? message ?? errors ?? null;
    if (said === null) return { code: null, message: null };
    const words = typeof said === 'string' ? said : JSON.stringify(said);
    const clean = secrets.reduce((rest, secret) => rest.replaceAll(secret, '[removed]'), words);
    return { code: null, message: clean.slice(0, LONGEST_MESSAGE) };
  };
}
