import {
  colorOrNone,
  day,
  demand,
  flag,
  given,
  has,
  minutes,
  remoteId,
  timestamp,
  timestampOrNone,
  words,
  wordsOrNone,
} from './fields';
import { refuseField, type Fields } from './requests';
import {
  nextId,
  secondsNow,
  type Appointment,
  type Calendar,
  type Patient,
  type Service,
  type State,
  type Table,
} from './state';

const NEW_PATIENT: Omit<Patient, 'id' | 'updatedAt'> = {
  remoteId: null,
  firstName: '',
  lastName: '',
  email: '',
  phoneNumber: '',
  birthdate: null,
  address: null,
  notes: null,
  status: 'active',
  languageCode: null,
};
const NEW_APPOINTMENT: Omit<Appointment, 'id' | 'updatedAt'> = {
  remoteId: null,
  start: 0,
  stop: 0,
  notes: null,
  color: null,
  title: '',
  status: 'booked',
  patientId: null,
  serviceId: null,
  noshow: false,
  arrivedAt: null,
};

const STATUSES = new Set(['booked', 'cancelled', 'noshow']);
/** What a patient's body must hold, blank or not. */
export const PATIENT_FIELDS = ['first_name', 'last_name', 'email', 'phone_number'];

/** What every record that can be written has. */
export interface Held {
  readonly id: number;
  readonly remoteId: string | null;
}

/** The caller's id that a body gives; refused where another record of the table has it. */
function ownRemoteId<T extends Held>(
  { takenStatus }: State,
  { byRemoteId }: { readonly byRemoteId: ReadonlyMap<string, T> },
  fields: Fields,
  held: T | null,
): string | null {
  const id = given(fields, 'remote_id', remoteId, held?.remoteId ?? null);
  const other = id === null ? undefined : byRemoteId.get(id);
  if (other !== undefined && other.id !== held?.id)
    throw refuseField('remote_id', 'has already been taken', takenStatus);
  return id;
}

/** A patient as a body makes it; what the body does not say stays. */
export function patientFrom(
  state: State,
  own: Table<Patient>,
  fields: Fields,
  held: Patient | null,
): Patient {
  if (held === null) demand(fields, PATIENT_FIELDS);
  const was = held ?? NEW_PATIENT;
  return {
    id: held?.id ?? nextId(state),
    remoteId: ownRemoteId(state, own, fields, held),
    firstName: given(fields, 'first_name', words, was.firstName),
    lastName: given(fields, 'last_name', words, was.lastName),
    email: given(fields, 'email', words, was.email),
    phoneNumber: given(fields, 'phone_number', words, was.phoneNumber),
    birthdate: given(fields, 'birthdate', day, was.birthdate),
    address: given(fields, 'address', wordsOrNone, was.address),
    notes: given(fields, 'notes', wordsOrNone, was.notes),
    status: was.status,
    languageCode: given(fields, 'language_code', wordsOrNone, was.languageCode),
    updatedAt: secondsNow(state),
  };
}

/** The record that a caller's id names; blank unlinks. Progenda links by the caller's ids alone. */
function linked<T extends Held>(
  own: Table<T> | undefined,
  fields: Fields,
  name: string,
  was: number | null,
): number | null {
  if (!has(fields, name)) return was;
  const id = wordsOrNone(typeof fields[name] === 'number' ? String(fields[name]) : fields[name], name);
  if (id === null) return null;
  const found = own?.byRemoteId.get(id);
  if (found === undefined) throw refuseField(name, 'does not exist');
  return found.id;
}

function statusFrom(fields: Fields, held: Appointment | null): string {
  const status = given(fields, 'status', words, held?.status ?? 'booked');
  if (!STATUSES.has(status) && status !== held?.status)
    throw refuseField('status', 'is not included in the list');
  if (held?.status === 'cancelled' && status === 'booked')
    throw refuseField('status', 'a cancelled appointment cannot be booked again');
  return status;
}

/** A calendar and what is in it. */
export interface Agenda {
  readonly calendar: Calendar;
  readonly own: Table<Appointment>;
}

/** An appointment as a body makes it; what the body does not say stays. */
export function appointmentFrom(
  state: State,
  { calendar, own }: Agenda,
  fields: Fields,
  held: Appointment | null,
): Appointment {
  if (held === null) demand(fields, ['start', 'stop']);
  const was = held ?? NEW_APPOINTMENT;
  const [start, stop] = [
    given(fields, 'start', timestamp, was.start),
    given(fields, 'stop', timestamp, was.stop),
  ];
  if (stop <= start) throw refuseField('stop', 'must be after start');
  return {
    id: held?.id ?? nextId(state),
    remoteId: ownRemoteId(state, own, fields, held),
    start,
    stop,
    notes: given(fields, 'notes', wordsOrNone, was.notes),
    color: given(fields, 'color', colorOrNone, was.color),
    title: given(fields, 'title', wordsOrNone, was.title) ?? '',
    status: statusFrom(fields, held),
    patientId: linked(state.patients.get(calendar.centerId), fields, 'patient_remote_id', was.patientId),
    serviceId: linked(state.services.get(calendar.id), fields, 'service_remote_id', was.serviceId),
    noshow: given(fields, 'noshow', flag, was.noshow),
    arrivedAt: given(fields, 'patient_arrived_at', timestampOrNone, was.arrivedAt),
    updatedAt: secondsNow(state),
  };
}

/** A service as a body makes it. */
export function serviceFrom(
  state: State,
  own: Table<Service>,
  fields: Fields,
  held: Service | null,
): Service {
  demand(fields, ['name', 'duration']);
  return {
    id: held?.id ?? nextId(state),
    remoteId: ownRemoteId(state, own, fields, held),
    duration: minutes(fields.duration, 'duration'),
    name: words(fields.name, 'name'),
    color: given(fields, 'color', colorOrNone, held?.color ?? null),
  };
}
