import type {
  Address,
  Appointment,
  Client,
  Entry,
  Marketing,
  Message,
  Note,
  PengaState,
  Role,
  Row,
  Template,
  User,
} from './state';
import { MARKETING_FLAGS, seconds } from './state';

type Wire = Record<string, unknown>;

/** The wire shapes of one clinic: `…Row` as in lists, the others as on single records. */
export interface Views {
  readonly entry: (row: Entry) => Wire;
  readonly role: (row: Role) => Wire;
  readonly user: (row: User) => Wire;
  readonly client: (row: Client) => Wire;
  readonly address: (row: Address) => Wire;
  readonly marketing: (row: Marketing) => Wire;
  readonly appointment: (row: Appointment) => Wire;
  readonly appointmentRow: (row: Appointment) => Wire;
  readonly note: (row: Note) => Wire;
  readonly noteRow: (row: Note) => Wire;
  readonly message: (row: Message) => Wire;
  readonly messageRow: (row: Message) => Wire;
  readonly template: (row: Template, organisation: number | string) => Wire;
}

function pick<T extends Row>(row: T, ...fields: readonly (keyof T & string)[]): Wire {
  return Object.fromEntries(fields.map((field) => [field, row[field]]));
}
const label = (row: Entry): Wire => pick(row, 'external_id', 'name', 'color');
const entryOf = (row: Entry): Wire =>
  pick(row, 'external_id', 'name', 'description', 'color', 'created_at', 'updated_at');
const userName = (row: User): Wire => pick(row, 'external_id', 'name', 'first_name', 'last_name');
const userOf = (row: User): Wire => ({
  ...userName(row),
  ...pick(row, 'email', 'mobile', 'description', 'created_at', 'updated_at'),
});
const clientName = (row: Client): Wire => pick(row, 'external_id', 'first_name', 'last_name');
const roleOf = (row: Role): Wire => pick(row, 'external_id', 'name', 'description');
const addressOf = (row: Address): Wire => ({
  ...pick(
    row,
    'external_id',
    'house_num_name',
    'address_1',
    'address_2',
    'address_3',
    'town',
    'county',
    'postcode',
  ),
  ...pick(row, 'created_at', 'updated_at'),
});
const marketingOf = (row: Marketing): Wire =>
  pick(row, 'external_id', ...MARKETING_FLAGS, 'created_at', 'updated_at');
const MESSAGE_TYPES = ['', 'Notification', 'Marketing'];

function people(state: PengaState, odd: (row: Row, wire: Wire) => Wire): Pick<Views, 'user' | 'client'> {
  return {
    user: (row) =>
      odd(row, {
        ...userOf(row),
        roles: [state.roles.byId.get(row.role)].filter((one) => one !== undefined).map(roleOf),
        departments: row.departments.flatMap((id) => {
          const one = state.departments.byId.get(id);
          return one ? [{ ...label(one), description: one.description }] : [];
        }),
      }),
    client: (row) => {
      const address = state.addresses.byId.get(row.address ?? '');
      const marketing = state.marketing.byId.get(row.marketing);
      return odd(row, {
        ...clientName(row),
        ...pick(row, 'description', 'email', 'mobile', 'created_at', 'updated_at'),
        address: address ? addressOf(address) : null,
        marketing_options: marketing ? marketingOf(marketing) : null,
      });
    },
  };
}

function appointments(
  state: PengaState,
  odd: (row: Row, wire: Wire) => Wire,
  clientOf: Views['client'],
): Pick<Views, 'appointment' | 'appointmentRow'> {
  const parts = (row: Appointment) => {
    const user = state.users.byId.get(row.user);
    return {
      status: state.statuses.byId.get(row.status),
      type: state.types.byId.get(row.type),
      client: state.clients.byId.get(row.client),
      user,
      creator: state.users.byId.get(row.creator),
      departments: (user?.departments ?? []).flatMap((id) => state.departments.byId.get(id) ?? []),
    };
  };
  const own = (row: Appointment): Wire =>
    pick(row, 'external_id', 'start_time', 'end_time', 'description', 'created_at', 'updated_at');
  const made = <A>(row: A | undefined, view: (row: A) => Wire): Wire | null => (row ? view(row) : null);
  return {
    appointment: (row) => {
      const { status, type, client, user, creator, departments } = parts(row);
      return odd(row, {
        ...own(row),
        appointmentstatus: made(status, entryOf),
        appointmenttype: made(type, entryOf),
        client: made(client, clientOf),
        user: made(user, userOf),
        createdbyuser: made(creator, userOf),
        departments: departments.map(entryOf),
      });
    },
    appointmentRow: (row) => {
      const { status, type, client, user, creator, departments } = parts(row);
      return odd(row, {
        ...own(row),
        appointmentstatus: made(status, label),
        appointmenttype: made(type, label),
        client: made(client, clientName),
        user: made(user, userName),
        createdbyuser: made(creator, userName),
        departments: departments.map(label),
      });
    },
  };
}

const pointer = (id: string | null): Wire | null => (id === null ? null : { external_id: id });

function notes(
  state: PengaState,
  appointmentOf: Views['appointment'],
  { user, client }: Names,
): Pick<Views, 'note' | 'noteRow'> {
  const history = (row: Note): Note[] => state.notes.rows.filter(({ parent }) => parent === row.external_id);
  const text = (row: Note): Wire => pick(row, 'external_id', 'note', 'created_at', 'updated_at');
  const single = (row: Note): Wire => ({
    ...text(row),
    deleted_at: row.deleted_at,
    user: user(row.user, userOf),
  });
  const noteRow = (row: Note): Wire => ({
    ...text(row),
    user: user(row.user, userName),
    appointment: pointer(row.appointment),
    client: client(row.client),
    history: [],
  });
  return {
    note: (row) => {
      const appointment = state.appointments.byId.get(row.appointment ?? '');
      const whole = {
        appointment: appointment ? appointmentOf(appointment) : null,
        client: client(row.client),
      };
      return { ...single(row), ...whole, history: history(row).map(single) };
    },
    noteRow: (row) => ({ ...noteRow(row), history: history(row).map(noteRow) }),
  };
}

function messages(
  state: PengaState,
  { user, client }: Names,
): Pick<Views, 'message' | 'messageRow' | 'template'> {
  const messageRow = (row: Message): Wire => ({
    ...pick(row, 'external_id', 'send_time', 'template_name', 'message_body', 'recipient_number'),
    ...pick(row, 'created_at', 'updated_at'),
    user: user(row.user, userName),
    client: client(row.client),
    appointment: pointer(row.appointment),
    status: row.send_time <= seconds(state) ? { id: 4, name: 'Sent' } : { id: 1, name: 'Pending' },
    type: { id: row.message_type_id, name: MESSAGE_TYPES[row.message_type_id] },
  });
  return {
    message: (row) => ({ ...messageRow(row), notification_method_id: 2, deleted_at: row.deleted_at }),
    messageRow,
    template: (row, organisation_id) => ({
      ...pick(row, 'external_id', 'template_id', 'template_type_id', 'template_name', 'template_body'),
      organisation_id,
      ...pick(row, 'created_at', 'updated_at'),
    }),
  };
}

/** Who is meant by an id, where somebody is. */
interface Names {
  readonly user: (id: string | null, view: (row: User) => Wire) => Wire | null;
  readonly client: (id: string | null) => Wire | null;
}
const names = (state: PengaState): Names => ({
  user: (id, view) => {
    const row = state.users.byId.get(id ?? '');
    return row ? view(row) : null;
  },
  client: (id) => {
    const row = state.clients.byId.get(id ?? '');
    return row ? clientName(row) : null;
  },
});

/** The views of a clinic; `state.odd` replaces single fields. */
export function views(state: PengaState): Views {
  const odd = (row: Row, wire: Wire): Wire => ({ ...wire, ...state.odd.get(row.external_id) });
  const { user, client } = people(state, odd);
  const { appointment, appointmentRow } = appointments(state, odd, client);
  return {
    entry: (row) => odd(row, entryOf(row)),
    role: roleOf,
    user,
    client,
    address: addressOf,
    marketing: marketingOf,
    appointment,
    appointmentRow,
    ...notes(state, appointment, names(state)),
    ...messages(state, names(state)),
  };
}
