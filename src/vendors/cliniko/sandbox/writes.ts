import type { FastifyInstance, FastifyReply } from 'fastify';
import { parseDate, parseInstant } from '../../../canonical/values';
import { invalid, notFound, Refusal } from './query';
import { baseOf, recordOf, send, type Request } from './reads';
import { RENDER } from './render';
import {
  idOf,
  make,
  patientIds,
  stamp,
  stands,
  touch,
  type Collections,
  type Row,
  type State,
  type Value,
  word,
} from './state';

/** What a written field must be; a collection's name means an id in it. */
type Kind = 'text' | 'instant' | 'date' | 'boolean' | 'number' | 'email' | 'list' | 'rule' | Collections;
/** The fields that a body may hold, and which of them a new record needs. Others are ignored, as Cliniko does. */
interface Body {
  readonly fields: Readonly<Record<string, Kind>>;
  readonly required: readonly string[];
}
const BLOCK = {
  business_id: 'businesses',
  practitioner_id: 'practitioners',
  starts_at: 'instant',
  ends_at: 'instant',
  notes: 'text',
  repeat_rule: 'rule',
} as const;
const ADDRESS = {
  address_1: 'text',
  address_2: 'text',
  city: 'text',
  state: 'text',
  post_code: 'text',
  country: 'text',
} as const;
export type Writable =
  | 'individual_appointments'
  | 'group_appointments'
  | 'unavailable_blocks'
  | 'attendees'
  | 'patients'
  | 'businesses'
  | 'appointment_types';

export const BODIES: Readonly<Record<Writable, Body>> = {
  individual_appointments: {
    fields: { ...BLOCK, appointment_type_id: 'appointment_types', patient_id: 'patients' },
    required: ['appointment_type_id', 'business_id', 'patient_id', 'practitioner_id', 'starts_at'],
  },
  group_appointments: {
    fields: { ...BLOCK, appointment_type_id: 'appointment_types', max_attendees: 'number' },
    required: ['appointment_type_id', 'business_id', 'practitioner_id', 'starts_at'],
  },
  unavailable_blocks: { fields: BLOCK, required: ['business_id', 'practitioner_id', 'starts_at'] },
  attendees: {
    fields: { booking_id: 'group_appointments', patient_id: 'patients', arrived: 'boolean', notes: 'text' },
    required: ['booking_id', 'patient_id'],
  },
  patients: {
    fields: {
      ...ADDRESS,
      ...Object.fromEntries(
        [
          'first_name',
          'last_name',
          'preferred_first_name',
          'title',
          'gender',
          'address_3',
          'time_zone',
          'reminder_type',
          'old_reference_id',
          'notes',
          'appointment_notes',
          'occupation',
          'emergency_contact',
        ].map((field) => [field, 'text'] as const),
      ),
      date_of_birth: 'date',
      email: 'email',
      patient_phone_numbers: 'list',
    },
    required: ['first_name', 'last_name'],
  },
  businesses: {
    fields: {
      ...ADDRESS,
      business_name: 'text',
      label: 'text',
      time_zone: 'text',
      time_zone_identifier: 'text',
      country_code: 'text',
      show_in_online_bookings: 'boolean',
    },
    required: ['business_name'],
  },
  appointment_types: {
    fields: {
      name: 'text',
      category: 'text',
      color: 'text',
      description: 'text',
      duration_in_minutes: 'number',
      max_attendees: 'number',
      show_in_online_bookings: 'boolean',
      telehealth_enabled: 'boolean',
    },
    required: ['name', 'duration_in_minutes', 'color', 'max_attendees'],
  },
};

const isText = (value: unknown): value is string => typeof value === 'string';
const CHECKS: Readonly<Record<Exclude<Kind, Collections>, (value: unknown) => boolean>> = {
  text: isText,
  instant: (value) => isText(value) && parseInstant(value) !== null,
  date: (value) => isText(value) && (value === '' || parseDate(value) !== null),
  boolean: (value) => typeof value === 'boolean',
  number: (value) => Number.isInteger(value),
  email: (value) => isText(value) && /^(\S+@\S+\.\S+)?$/.test(value),
  list: Array.isArray,
  rule: (value) => typeof value === 'object',
};

/** A written value as it will stand, or what is wrong with it. */
function read(
  state: State,
  kind: Kind,
  value: Value,
): { readonly value: Value } | { readonly error: string } {
  if (value === null) return { value };
  if (kind in CHECKS) {
    if (!CHECKS[kind as keyof typeof CHECKS](value)) return { error: 'is invalid' };
    return { value: kind === 'instant' ? stamp(new Date(value as string)) : value };
  }
  const id = typeof value === 'string' ? value : JSON.stringify(value);
  const found = state.tables[kind as Collections].byId.get(id);
  return found !== undefined && stands(found) ? { value: id } : { error: 'does not exist' };
}

/** The body's fields as they will stand; 422 names every one that Cliniko would refuse. */
function accepted(state: State, { fields, required }: Body, body: unknown, isNew: boolean): Row {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Refusal(400, { status: '400', error: 'Bad Request' });
  const given = body as Row;
  const errors: Record<string, string> = {};
  const row: Row = {};
  if (isNew) for (const field of required) if (word(given, field) === '') errors[field] = "can't be blank";
  for (const [field, kind] of Object.entries(fields)) {
    const value = given[field];
    if (value === undefined || field in errors) continue;
    const made = read(state, kind, value);
    if ('error' in made) errors[field] = made.error;
    else row[field] = made.value;
  }
  if (Object.keys(errors).length > 0) throw invalid(errors);
  return row;
}

/** What Cliniko fills in by itself: the end from the type's duration, the size of a group, the names shown. */
function derive(state: State, name: Writable, row: Row): Row {
  const type = state.tables.appointment_types.byId.get(word(row, 'appointment_type_id'));
  if ('starts_at' in row) timed(row, Number(type?.['duration_in_minutes'] ?? 60));
  if (name === 'group_appointments') row['max_attendees'] ??= type?.['max_attendees'] ?? 1;
  if (name === 'businesses') row['display_name'] = word(row, 'business_name');
  if (name !== 'individual_appointments') return row;
  const patient = state.tables.patients.byId.get(word(row, 'patient_id')) ?? {};
  return { ...row, patient_name: `${word(patient, 'first_name')} ${word(patient, 'last_name')}` };
}
function timed(row: Row, minutes: number): void {
  const start = word(row, 'starts_at');
  row['ends_at'] ??= stamp(new Date(Date.parse(start) + minutes * 60_000));
  if (word(row, 'ends_at') <= start) throw invalid({ ends_at: 'must be after starts_at' });
}

function create(state: State, name: Writable, body: unknown): Row {
  const fields = accepted(state, BODIES[name], body, true);
  const group =
    name === 'attendees' ? recordOf(state.tables.group_appointments, word(fields, 'booking_id')) : null;
  if (group && patientIds(state, group).length >= Number(group['max_attendees']))
    throw invalid({ booking_id: 'has no room left (max_attendees)' });
  if (group && patientIds(state, group).includes(word(fields, 'patient_id')))
    throw invalid({ patient_id: 'already attends' });
  const row = make(state, state.tables[name], derive(state, name, fields));
  if (group) group['patient_ids'] = patientIds(state, group);
  if (name === 'individual_appointments')
    make(state, state.tables.attendees, {
      booking_id: idOf(row),
      patient_id: row['patient_id'],
      arrived: null,
    });
  return row;
}

/** An arrival is written on the attendee and read on the individual appointment as well, which does not count as changed. */
function change(state: State, name: Writable, row: Row, body: unknown): Row {
  const fields = accepted(state, BODIES[name], body, false);
  if (name === 'attendees') {
    delete fields['booking_id'];
    const booking = state.tables.individual_appointments.byId.get(word(row, 'booking_id'));
    if (booking && 'arrived' in fields)
      Object.assign(booking, {
        patient_arrived: fields['arrived'] === true,
        did_not_arrive: fields['arrived'] === false,
      });
  }
  return touch(state, row, derive(state, name, { ...row, ...fields }));
}

/** Making and changing records. */
export function writes(app: FastifyInstance, state: State): void {
  for (const name of Object.keys(BODIES) as Writable[]) {
    app.post(`/${name}`, (request: Request, reply) => {
      const row = create(state, name, request.body);
      // The documented header has no /v1.
      void reply.header('location', `${baseOf(request).replace(/\/v1$/, '')}/${name}/${idOf(row)}`);
      return send(reply, 201, RENDER[name](row, baseOf(request)));
    });
    const update = (request: Request, reply: FastifyReply): FastifyReply => {
      const row = recordOf(state.tables[name], request.params['id']);
      if (!stands(row) || (request.method === 'PUT' && !state.acceptsPut)) throw notFound();
      return send(reply, 200, RENDER[name](change(state, name, row, request.body), baseOf(request)));
    };
    app.patch(`/${name}/:id`, update);
    app.put(`/${name}/:id`, update);
  }
}
