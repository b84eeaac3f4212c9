import type { FastifyInstance } from 'fastify';
import { TIME_ZONE } from './clinic';
import { notFound, unprocessable } from './query';
import { found, idOf, rendered } from './reads';
import {
  fieldsOf,
  flag,
  list,
  location,
  nullable,
  object,
  oneOf,
  text,
  translation,
  type Fields,
} from './shape';
import {
  EMPLOYEE_ROLES,
  EMPLOYEE_STATUSES,
  LANGUAGES,
  nextId,
  stamp,
  type Customer,
  type Employee,
  type Location,
  type State,
  type Text,
} from './state';

const optionalText = nullable(text());
const EXTERNAL_ID = nullable(text(255));

interface WrittenLocation {
  readonly postalCode?: string | null;
  readonly countryCode: string;
  readonly geolocation?: Location['geolocation'] | null;
  readonly translations: Readonly<
    Record<'city' | 'state' | 'street1' | 'street2', readonly Text[] | null | undefined>
  >;
}
/** An address as it is read back: one text for each part, and the whole of it in one line. */
export function readLocation(written: unknown): Location | null {
  if (written === null || written === undefined) return null;
  const { postalCode = null, countryCode, geolocation, translations } = written as WrittenLocation;
  const first = (name: keyof WrittenLocation['translations']): Text | null => translations[name]?.[0] ?? null;
  const parts = [first('street1')?.value, postalCode, first('city')?.value, countryCode];
  return {
    city: first('city'),
    state: first('state'),
    street1: first('street1'),
    street2: first('street2'),
    postalCode,
    countryCode,
    formattedAddress: parts.filter((part) => typeof part === 'string').join(', '),
    geolocation: geolocation ?? { latitude: 51.0479466, longitude: 3.6912248 },
  };
}

const CUSTOMER = {
  externalId: EXTERNAL_ID,
  customerNumber: optionalText,
  email: optionalText,
  firstName: optionalText,
  lastName: optionalText,
  company: optionalText,
  language: nullable(oneOf(LANGUAGES)),
  notes: optionalText,
  phoneNumber: optionalText,
  existing: nullable(flag),
  timeZone: optionalText,
  location: nullable(location),
};
const NO_CUSTOMER = {
  externalId: null,
  customerNumber: null,
  email: null,
  firstName: null,
  lastName: null,
  company: null,
  language: null,
  notes: null,
  phoneNumber: null,
  existing: false,
  timeZone: TIME_ZONE,
  location: null,
  deletedAt: null,
};

/** What a write may empty and a read never shows empty. */
type Nullable<Row, Names extends keyof Row> = Omit<Row, Names> & { readonly [N in Names]: Row[N] | null };

/** The record with what was sent, as it is read back. */
function customerWith(before: Omit<Customer, 'updatedAt'>, fields: Fields, at: string): Customer {
  const sent = 'location' in fields ? { ...fields, location: readLocation(fields['location']) } : fields;
  const after = { ...before, ...sent, updatedAt: at } as Nullable<Customer, 'existing' | 'timeZone'>;
  return {
    ...after,
    existing: after.existing ?? false,
    timeZone: after.timeZone ?? TIME_ZONE,
  };
}

/** Customers: list, create and delete are assumed in the pattern of employees, get and update are documented. */
function customers(app: FastifyInstance, state: State): void {
  const checkIsThere = (): void => {
    if (!state.undocumentedActions) throw notFound();
  };
  app.post('/customers', (request, reply) => {
    checkIsThere();
    const fields = fieldsOf(request.body, CUSTOMER);
    const at = stamp(state);
    const made = customerWith({ id: nextId(state), ...NO_CUSTOMER, createdAt: at }, fields, at);
    return reply.code(201).send({ data: state.customers.put(made) });
  });
  app.patch('/customers/:id', (request) => {
    const fields = fieldsOf(request.body, CUSTOMER);
    const known = found(state.customers, idOf(request));
    return { data: state.customers.put(customerWith(known, fields, stamp(state))) };
  });
  app.delete('/customers/:id', (request, reply) => {
    checkIsThere();
    const known = found(state.customers, idOf(request));
    const at = stamp(state);
    state.customers.put({ ...known, updatedAt: at, deletedAt: known.deletedAt ?? at });
    return reply.code(204).send();
  });
}

const EMPLOYEE = {
  email: text(),
  communicationEmail: optionalText,
  externalId: EXTERNAL_ID,
  username: optionalText,
  firstName: optionalText,
  lastName: optionalText,
  staticVideoUrl: optionalText,
  phoneNumber: optionalText,
  profilePictureUrl: optionalText,
  language: nullable(oneOf(LANGUAGES)),
  timeZone: text(),
  availableRoles: list(oneOf(EMPLOYEE_ROLES)),
  status: oneOf(EMPLOYEE_STATUSES),
  onlinePlanning: flag,
  officeRelations: list(object({ role: oneOf(EMPLOYEE_ROLES), officeId: text() }, ['role', 'officeId'])),
  translations: object({ function: translation }),
};
const NO_EMPLOYEE = {
  communicationEmail: null,
  externalId: null,
  username: null,
  firstName: null,
  lastName: null,
  staticVideoUrl: null,
  phoneNumber: null,
  profilePictureUrl: null,
  email: '',
  language: null,
  timeZone: TIME_ZONE,
  availableRoles: [],
  status: 'PENDING',
  onlinePlanning: false,
  officeRelations: [],
  deletedAt: null,
  translations: { function: [] },
};

const UNIQUE = {
  email: 'EMPLOYEE_EMAIL_ALREADY_IN_USE',
  externalId: 'EMPLOYEE_EXTERNAL_ID_ALREADY_IN_USE',
  username: 'EMPLOYEE_USERNAME_ALREADY_IN_USE',
} as const;

function employeeWith(state: State, before: Omit<Employee, 'updatedAt'>, fields: Fields): Employee {
  for (const [name, code] of Object.entries(UNIQUE) as [keyof typeof UNIQUE, string][]) {
    const own = fields[name] ?? null;
    const isTaken =
      own !== null && state.employees.all().some((row) => row[name] === own && row.id !== before.id);
    if (isTaken) throw unprocessable(code, `${name} is in use already`);
  }
  const relations = fields['officeRelations'] as readonly { role: string; officeId: string }[] | undefined;
  const officeRelations = relations?.map(({ role, officeId }) => ({
    role,
    office: { id: found(state.offices, officeId).id },
  }));
  const after = {
    ...before,
    ...fields,
    officeRelations: officeRelations ?? before.officeRelations,
    updatedAt: stamp(state),
  } as Employee;
  if (after.onlinePlanning && !after.availableRoles.includes('AGENT'))
    throw unprocessable('EMPLOYEE_ONLINE_PLANNING_NON_AGENT', 'Only an agent can be planned online');
  if (after.officeRelations.some(({ role }) => !after.availableRoles.includes(role)))
    throw unprocessable(
      'EMPLOYEE_OFFICE_RELATION_ROLE_MISMATCH',
      'The role is not one of the available roles',
    );
  return after;
}

function employees(app: FastifyInstance, state: State): void {
  app.post('/employees', (request, reply) => {
    const fields = fieldsOf(request.body, EMPLOYEE, ['email']);
    const made = employeeWith(state, { id: nextId(state), ...NO_EMPLOYEE, createdAt: stamp(state) }, fields);
    return reply.code(201).send({ data: rendered(request)(state.employees.put(made)) });
  });
  app.patch('/employees/:id', (request) => {
    const fields = fieldsOf(request.body, EMPLOYEE);
    const known = found(state.employees, idOf(request));
    if (fields['status'] === 'PENDING' && known.status !== 'PENDING')
      throw unprocessable('EMPLOYEE_UPDATE_STATUS_PENDING', 'An employee cannot become pending again');
    return { data: rendered(request)(state.employees.put(employeeWith(state, known, fields))) };
  });
}

/** Writes of people. Offices and subjects have none in public. */
export function writes(app: FastifyInstance, state: State): void {
  customers(app, state);
  employees(app, state);
}
