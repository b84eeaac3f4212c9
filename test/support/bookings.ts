import type { Vendor } from '../../src/vendors/contract';
import type { Answer, Shown } from './calls';
import type { Clinic } from './clinics';
import type { TestTenant } from './gateway';

type Appointment = Shown<'appointments'>;
type Client = Shown<'clients'>;

const DAY = 86_400_000;
const HALF_HOUR = 1_800_000;
const FIRST_DAY = 30;

/** Settings under which a vendor offers all that it can. */
export const EVERYTHING: Readonly<Record<string, object>> = { pexip: { undocumentedActions: true } };

/** A number that the vendor's practices can be called at. */
export const PHONES: Readonly<Record<string, string>> = {
  penga: '+447911123456',
  progenda: '+32470123456',
  pexip: '+32470123456',
  cliniko: '+61412345678',
};

/** Half an hour in office hours. */
export interface Time {
  readonly start: string;
  readonly end: string;
}
/** Books at one connection: knows who works there, and never takes a time twice. */
export interface Desk {
  readonly connectionId: string;
  readonly vendor: Vendor;
  readonly clinic: Clinic;
  readonly tenant: TestTenant;
  /** Half an hour that nobody has taken: weekdays at ten, from a month ahead. */
  time(): Time;
  /** A client's body as the vendor needs it at least. */
  person(named?: object): Record<string, unknown>;
  /** An appointment's body as the vendor needs it at least. */
  visit(named?: object): Record<string, unknown>;
  newClient(named?: object): Promise<Client>;
  book(named?: object): Promise<Appointment>;
  post<T = Appointment>(path: string, body: object, headers?: Record<string, string>): Promise<Answer<T>>;
  patch<T = Appointment>(path: string, body: object, headers?: Record<string, string>): Promise<Answer<T>>;
}

function* weekdays(): Generator<Time, never> {
  const day = new Date(Date.now() + FIRST_DAY * DAY);
  day.setUTCHours(10, 0, 0, 0);
  for (;;) {
    day.setTime(day.getTime() + DAY);
    if (day.getUTCDay() === 0 || day.getUTCDay() === 6) continue;
    yield { start: day.toISOString(), end: new Date(day.getTime() + HALF_HOUR).toISOString() };
  }
}

/** Connects to a clinic, reads it whole, and finds out from its own appointments who can be booked for what, where. */
export async function openDesk(
  tenant: TestTenant,
  clinic: Clinic,
  vendor: Vendor,
  settings: object = {},
): Promise<Desk> {
  const connectionId = await tenant.connect(clinic.sandbox, { ...EVERYTHING[vendor.name], ...settings });
  const { status } = await tenant.sync(connectionId);
  if (status !== 'succeeded') throw new Error(`the first sync ended as ${status}`);
  const appointments = await tenant.all<Appointment>(
    `/v1/appointments?connectionId=${connectionId}&status=booked`,
  );
  // Which appointments are to come hangs on the hour; their clients may be archived at the vendor by then.
  const clients = await tenant.all<Client>(`/v1/clients?connectionId=${connectionId}&status=active`);
  const living = new Set<string | null>(clients.map(({ id }) => id));
  const model = appointments.find(
    ({ practitionerId, clientId, serviceId, locationId, attendees }) =>
      practitionerId && living.has(clientId) && serviceId && locationId && attendees.length === 1,
  );
  if (!model) throw new Error('nobody is booked here');
  const { practitionerId, clientId, serviceId, locationId } = model;
  const times = weekdays();
  let people = 0;
  const time = (): Time => times.next().value;
  const { requiredFields: needed = [] } = vendor.capabilities.appointments ?? {};
  const clientsBelong = vendor.capabilities.clients?.writableFields.includes('locationId');
  const person = (named: object = {}): Record<string, unknown> => {
    people += 1;
    return {
      connectionId,
      firstName: 'Ada',
      lastName: `Byron-${String(people)}`,
      email: `ada.byron.${vendor.name}.${String(people)}@example.com`,
      phone: PHONES[vendor.name],
      ...(clientsBelong ? { locationId } : {}),
      ...named,
    };
  };
  const visit = (named: object = {}): Record<string, unknown> => ({
    connectionId,
    ...time(),
    practitionerId,
    clientId,
    serviceId,
    ...(needed.includes('locationId') ? { locationId } : {}),
    ...named,
  });
  const { call } = tenant;
  return {
    connectionId,
    vendor,
    clinic,
    tenant,
    time,
    person,
    visit,
    newClient: async (named) =>
      (await call<Client>('POST', '/v1/clients', { body: person(named) })).need(201),
    book: async (named) =>
      (await call<Appointment>('POST', '/v1/appointments', { body: visit(named) })).need(201),
    post: (path, body, headers = {}) => call('POST', path, { body, headers }),
    patch: (path, body, headers = {}) => call('PATCH', path, { body, headers }),
  };
}

/** How many writes took effect at the vendor. */
export const writesAt = ({ clinic }: Desk): number => clinic.sandbox.ledger.length;
/** How often the vendor was asked anything at all. */
export const requestsAt = ({ clinic }: Desk): number => clinic.sandbox.requests.length;
