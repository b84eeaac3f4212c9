import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parameters } from './paging';
import { boolean, checked, colour, invalid, known, need, text, unix } from './refusal';
import type { Fields, Rules } from './refusal';
import { schedule, unschedule } from './schedule';
import { add, change, OWNER, remove, seconds } from './state';
import type { Appointment, Entry, PengaState, Row, Table } from './state';
import type { Views } from './views';

const idIn = (request: FastifyRequest): string | undefined => parameters(request)['id'];

/** Create, update and delete of departments, appointment types and appointment statuses. */
function entries(app: FastifyInstance, state: PengaState, views: Views): void {
  const kinds: [string, Table<Entry>, number, number][] = [
    ['/departments', state.departments, 40, 100],
    ['/appointmenttypes', state.types, 45, 255],
    ['/appointmentstatuses', state.statuses, 45, 255],
  ];
  for (const [path, table, name, description] of kinds) {
    const checks = { name: text(name), color: colour, description: text(description) };
    app.post(path, ({ body }) => {
      const fields = { description: null, color: null, ...checked(body, { required: ['name'], checks }) };
      const row = add(table, fields as unknown as Entry, seconds(state));
      state.lists.clear();
      return views.entry(row);
    });
    app.put(`${path}/:id`, (request) => {
      const row = need(table, idIn(request));
      const given = request.body as Fields | null;
      // A department alone may keep its name unsaid.
      const required = table === state.departments && given?.['name'] === undefined ? [] : ['name'];
      change(state, row, checked(given, { required, checks }));
      return views.entry(row);
    });
    app.delete(`${path}/:id`, (request) => remove(state, need(table, idIn(request))));
  }
}

/** Makes the text message that an alert is, where the client may be sent one. */
function alert(state: PengaState, row: Appointment, template: string): void {
  const client = state.clients.byId.get(row.client);
  const allowed = state.marketing.byId.get(client?.marketing ?? '');
  if (
    !client?.mobile ||
    allowed?.notification_sms_allow !== 1 ||
    allowed.manual_notification_sms_optout === 1
  )
    return;
  const message_body = `Dear ${client.first_name}, your appointment is at ${new Date(row.start_time * 1000).toISOString()}`;
  add(
    state.messages,
    {
      send_time: seconds(state),
      template_name: template,
      message_body,
      recipient_number: client.mobile,
      message_type_id: 1,
      user: row.user,
      client: row.client,
      appointment: row.external_id,
    },
    seconds(state),
  );
}

const rulesOf = (state: PengaState): Rules => ({
  required: [
    ...['start_time', 'end_time', 'user_id', 'client_id', 'appointmenttype_id', 'appointmentstatus_id'],
    'send_alerts',
  ],
  checks: {
    start_time: unix,
    end_time: unix,
    user_id: known(state.users),
    client_id: known(state.clients),
    appointmenttype_id: known(state.types),
    appointmentstatus_id: known(state.statuses),
    description: text(255),
    note: text(255),
    send_alerts: boolean,
  },
});

/** The columns of a checked body; `was` is the description that stays where none is sent. */
function columns(fields: Fields, was: string | null): Omit<Appointment, keyof Row | 'creator'> {
  const [start_time, end_time] = [Number(fields['start_time']), Number(fields['end_time'])];
  if (end_time < start_time) throw invalid({ end_time: ['The end time must be after the start time.'] });
  return {
    start_time,
    end_time,
    description: 'description' in fields ? (fields['description'] as string | null) : was,
    status: String(fields['appointmentstatus_id']),
    type: String(fields['appointmenttype_id']),
    client: String(fields['client_id']),
    user: String(fields['user_id']),
  };
}

/** Appointments. `note` becomes a note of its own; an update wants the whole body; overlaps are not looked at. */
function appointments(app: FastifyInstance, state: PengaState, views: Views): void {
  const rules = rulesOf(state);
  const follow = (row: Appointment, { note, send_alerts }: Fields, template: string): void => {
    const about = { user: OWNER, appointment: row.external_id, client: null, parent: null };
    if (typeof note === 'string') add(state.notes, { note, ...about }, seconds(state));
    if (send_alerts === true || Number(send_alerts) === 1) alert(state, row, template);
    state.lists.clear();
  };
  app.post('/appointments', ({ body }) => {
    const fields = checked(body, rules);
    const row = add(state.appointments, { ...columns(fields, null), creator: OWNER }, seconds(state));
    schedule(state, row);
    follow(row, fields, 'New Appointment');
    return views.appointment(row);
  });
  app.put('/appointments/:id', (request) => {
    const row = need(state.appointments, idIn(request));
    const fields = checked(request.body, rules);
    const next = columns(fields, state.leftOut === 'stays' ? row.description : null);
    unschedule(state, row);
    change(state, row, next);
    schedule(state, row);
    follow(row, fields, 'Appointment Time Change');
    return views.appointment(row);
  });
  app.delete('/appointments/:id', (request) => {
    const row = need(state.appointments, idIn(request));
    unschedule(state, row);
    return remove(state, row);
  });
}

/** Writing of what is booked, for whom and where. */
export function writes(app: FastifyInstance, state: PengaState, views: Views): void {
  appointments(app, state, views);
  entries(app, state, views);
}
