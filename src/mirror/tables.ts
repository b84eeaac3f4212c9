import type { GatewayId } from '../canonical/ids';
import type { ResourceName, Resources } from '../canonical/index';
import { folded } from '../canonical/values';

/** What stands in a column beside the document, so that lists can be filtered and sorted by it. */
export interface Column<Record> {
  readonly name: string;
  readonly type: string;
  readonly of: (record: Record) => unknown;
}
/** An order of a list: by this column, then by id. */
export interface Sort {
  readonly column: string;
  readonly type: string;
  readonly descending: boolean;
}
/** How a resource is mirrored. */
export interface MirrorTable<R extends ResourceName> {
  readonly columns: readonly Column<Resources<GatewayId>[R]>[];
  readonly sorts: Readonly<Record<string, Sort>>;
  readonly defaultSort: string;
}

const digits = (value: string | null): string => value?.replace(/\D/g, '') ?? '';

interface Searchable {
  readonly names: readonly (string | null)[];
  readonly email?: string | null;
  readonly phones?: readonly (string | null)[];
}

/** What `q` looks into: names, each word after a blank, then (after a line break) what may match in its middle. */
const searchText = ({ names, email = null, phones = [] }: Searchable): string => {
  const words = new Set(names.flatMap((name) => (name === null ? [] : folded(name).split(' '))));
  return `${[...words].map((word) => ` ${word}`).join('')}\n${email ?? ''} ${phones.map(digits).join(' ')}`;
};

const column = <R>(name: string, type: string, of: (record: R) => unknown): Column<R> => ({ name, type, of });

const both = (word: string, by: string, type: string): Record<string, Sort> => ({
  [word]: { column: by, type, descending: false },
  [`-${word}`]: { column: by, type, descending: true },
});
const byChange = both('updatedAt', 'changed_at', 'timestamptz');
const byName = { ...both('name', 'sort_name', 'text'), ...byChange };

const SORTED_BY = 100;

/** The beginning of each part, part by part, so that Ann Lee comes before Anna Bell. Records without a name come last. */
const sortName = (...parts: readonly (string | null)[]): string => {
  const name = parts
    .flatMap((part) => (part === null ? [] : folded(part).slice(0, SORTED_BY)))
    .join('\u0001');
  return name === '' ? '\u{10ffff}' : name;
};

type Person = Pick<
  Resources<GatewayId>['clients'],
  'firstName' | 'lastName' | 'fullName' | 'email' | 'phone' | 'phoneRaw'
>;
const ofPerson = ({ firstName, lastName, fullName, email, phone, phoneRaw }: Person): string =>
  searchText({ names: [firstName, lastName, fullName], email, phones: [phone, phoneRaw] });

/** The mirror's tables: one for each resource, named like it. */
export const TABLES: { readonly [R in ResourceName]: MirrorTable<R> } = {
  appointments: {
    columns: [
      // Appointments without a date come last.
      column('sort_start', 'timestamptz', ({ start }) => start ?? 'infinity'),
      column('end_at', 'timestamptz', ({ end }) => end),
      column('status', 'text', ({ status }) => status),
      column('practitioner_id', 'uuid', ({ practitionerId }) => practitionerId),
      column('client_id', 'uuid', ({ clientId }) => clientId),
      column('service_id', 'uuid', ({ serviceId }) => serviceId),
      column('location_id', 'uuid', ({ locationId }) => locationId),
    ],
    sorts: { ...both('start', 'sort_start', 'timestamptz'), ...byChange },
    defaultSort: 'start',
  },
  clients: {
    columns: [
      column('sort_name', 'text', ({ lastName, firstName, fullName }) =>
        sortName(lastName ?? fullName, firstName),
      ),
      column('search', 'text', ofPerson),
      column('status', 'text', ({ status }) => status),
      column('email', 'text', ({ email }) => email),
      column('phone', 'text', ({ phone }) => phone),
      column('birth_date', 'date', ({ birthDate }) => birthDate),
    ],
    sorts: { ...both('lastName', 'sort_name', 'text'), ...byChange },
    defaultSort: 'lastName',
  },
  practitioners: {
    columns: [
      column('sort_name', 'text', ({ fullName, lastName }) => sortName(fullName ?? lastName)),
      column('search', 'text', ofPerson),
      column('active', 'boolean', ({ active }) => active),
    ],
    sorts: byName,
    defaultSort: 'name',
  },
  services: {
    columns: [
      column('sort_name', 'text', ({ name }) => sortName(name)),
      column('search', 'text', ({ name }) => searchText({ names: [name] })),
      column('active', 'boolean', ({ active }) => active),
    ],
    sorts: byName,
    defaultSort: 'name',
  },
  locations: {
    columns: [
      column('sort_name', 'text', ({ name }) => sortName(name)),
      column('search', 'text', ({ name, phone }) => searchText({ names: [name], phones: [phone] })),
    ],
    sorts: byName,
    defaultSort: 'name',
  },
};
