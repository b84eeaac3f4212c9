import { ref } from '../../../canonical/ids';
import type { Draft, Ports, WriteCall } from '../../contract';
import { VendorError } from '../../kit/error';
import type { CommonSettings } from '../../kit/config';
import type { VendorHttp, VendorRequest } from '../../kit/policy';
import { Refusal } from '../../kit/refusal';
import type { Sandbox } from '../../kit/sandbox';
import { vendor } from '../index';
import type { Appointment, Customer, State } from './state';

/** What the stories about writing have in common: who plays in them, and how their ends are told. */
export const NOW = new Date('2026-03-10T10:20:00.000Z');
export const TIMES = { start: '2027-05-08T09:00:00.000Z', end: '2027-05-08T09:30:00.000Z' };
export const CALL: WriteCall = {
  id: '019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a81',
  since: NOW.toISOString(),
  notifyClient: false,
  location: null,
  known: () => null,
  marked: () => undefined,
};

export const isWrite = ({ method = 'GET' }: VendorRequest): boolean => method !== 'GET';
/** An adapter over an HTTP client that does something else with some requests. */
export function meddled(
  { http, settings }: { readonly http: VendorHttp; readonly settings: CommonSettings },
  meddle: (call: VendorRequest, send: VendorHttp['request']) => ReturnType<VendorHttp['request']>,
): { readonly ports: Ports } {
  const send = http.request.bind(http);
  return { ports: vendor.ports({ ...http, request: (call) => meddle(call, send) }, settings) };
}
/** The writes that came in, without the enterprise and the ids. */
export const writesIn = ({ requests }: Sandbox): string[] =>
  requests
    .filter((line) => !line.startsWith('GET') && !line.includes('/realms/'))
    .map((line) => line.replace(/\/enterprises\/[^/]+/, '').replace(/[0-9a-f]{8}-[-0-9a-f]{27}/, 'ID'));

const errorOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => Promise.reject(new Error('it did not fail')),
    (reason: unknown) => reason,
  );
/** The error of a call that was sent. */
export async function failure(call: Promise<unknown>): Promise<VendorError> {
  const reason = await errorOf(call);
  if (reason instanceof VendorError) return reason;
  throw reason;
}
/** Why, and over which field, a call was not sent. */
export async function refusal(call: Promise<unknown>): Promise<[string, string]> {
  const reason = await errorOf(call);
  if (reason instanceof Refusal) return [reason.code, reason.field];
  throw reason;
}

function first<Row>(rows: readonly Row[], fits: (row: Row) => boolean): Row {
  const row = rows.find(fits);
  if (!row) throw new Error('the clinic has no such record');
  return row;
}
const isActive = ({ status, deletedAt }: { status: string; deletedAt: string | null }): boolean =>
  status === 'ACTIVE' && deletedAt === null;
/** Who comes first of those who take part. */
export const primary = ({ appointmentParticipants: all }: Appointment, type: string): string =>
  first(all, (one) => one.type === type && one.role === 'PRIMARY').participant.id;
/** A practitioner who is not one of these. */
export const practitioner = ({ employees }: State, ...others: string[]): string =>
  first(employees.all(), (row) => isActive(row) && !others.includes(row.id)).id;
export const customers = (state: State, fits: (row: Customer) => boolean = () => true): string[] =>
  state.customers
    .all()
    .filter((row) => row.deletedAt === null && fits(row))
    .map(({ id }) => id);
export const office = ({ offices }: State, ...others: string[]): string =>
  first(offices.all(), ({ id }) => !others.includes(id)).id;

/** An appointment ahead, of one practitioner and one client, changed as told. */
export function given({ appointments }: State, changed: Partial<Appointment> = {}): Appointment {
  const isPlain = ({ status, start, appointmentParticipants: all, meetingType }: Appointment): boolean =>
    status === 'ACCEPTED' &&
    (start ?? '') > NOW.toISOString() &&
    all.length === 2 &&
    meetingType === 'OFFICE';
  return appointments.put({ ...first(appointments.all(), isPlain), ...changed });
}
/** All that a new appointment needs. */
export const draftIn = (state: State, changed: Draft<'appointments'> = {}): Draft<'appointments'> => ({
  ...TIMES,
  serviceId: ref(first(state.subjects.all(), ({ deletedAt }) => deletedAt === null).id),
  locationId: ref(office(state)),
  practitionerId: ref(practitioner(state)),
  clientId: ref(first(customers(state), () => true)),
  ...changed,
});
export const attendees = (ids: readonly string[], status: 'booked' | 'arrived' = 'booked') =>
  ids.map((id) => ({ clientId: ref(id), status, arrivedAt: null, cancelledAt: null, remoteId: null }));
