import type { AppointmentStatus } from '../canonical/appointment';
import { Problem } from '../platform/http/problems';
import type { Capability, ResourceCapabilities, Vendor } from '../vendors/contract';
import type { CommonSettings } from '../vendors/kit/config';
import type { WritableResource, WriteOperation } from './write';

/** What the vendor's matrix says of a resource, for one connection. */
export interface Promises {
  readonly vendor: Pick<Vendor, 'title'>;
  readonly resource: WritableResource;
  readonly matrix: ResourceCapabilities;
  readonly settings: CommonSettings;
}

/** Whether this operation, or status, is offered to this connection at all. */
function isSwitchedOn({ matrix, settings }: Promises, what: string): boolean {
  const setting = matrix.onlyWith?.[what];
  return setting === undefined || (settings as unknown as Record<string, unknown>)[setting] === true;
}
const needsSwitch = ({ matrix }: Promises, what: string): string =>
  `only where the connection's setting ${matrix.onlyWith?.[what] ?? ''} is true`;

/** capability_not_supported, naming the field where there is one. */
export const unsupported = (message: string, field?: string): Problem =>
  new Problem('capability_not_supported', message, {
    ...(field === undefined
      ? {}
      : { errors: [{ pointer: pointerOf(field), code: 'capability_not_supported', message }] }),
  });

/** The JSON pointer of a canonical field's path: `address.city` is `/address/city`. */
export const pointerOf = (field: string): string => `/${field.replaceAll('.', '/')}`;

/** Refuses an operation that the vendor does not offer. */
export function requireOperation(promises: Promises, op: WriteOperation): void {
  const { vendor, resource, matrix } = promises;
  const offered = matrix.operations.filter((one): one is Capability => isSwitchedOn(promises, one));
  if (offered.includes(op)) return;
  const why = matrix.operations.includes(op) ? `, ${needsSwitch(promises, op)}` : '';
  throw unsupported(
    `${vendor.title} does not offer to ${op} ${resource}${why}; it offers ${offered.join(', ')}`,
  );
}

/** The fields that this operation reaches. */
export function reachableFields({ matrix }: Promises, op: 'create' | 'update'): readonly string[] {
  const others = (op === 'create' ? matrix.onlyOnUpdate : matrix.onlyOnCreate) ?? [];
  return matrix.writableFields.filter((field) => !others.includes(field));
}

const isPart = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The paths of what was named, members of objects one by one; null members of an object count as not named. */
export function pathsOf(fields: Readonly<Record<string, unknown>>): readonly (readonly [string, unknown])[] {
  return Object.entries(fields).flatMap(([name, value]): [string, unknown][] =>
    isPart(value)
      ? Object.entries(value).flatMap(([part, one]): [string, unknown][] =>
          one === null ? [] : [[`${name}.${part}`, one]],
        )
      : [[name, value]],
  );
}

/** Whether a field, or any of its parts, is reached. */
const isReached = (reachable: readonly string[], path: string): boolean =>
  reachable.includes(path) || reachable.some((one) => one.startsWith(`${path}.`));

/** Refuses the first field that the write would not reach. */
export function requireFields(
  promises: Promises,
  op: 'create' | 'update',
  fields: Readonly<Record<string, unknown>>,
): void {
  const reachable = reachableFields(promises, op);
  const wrong = pathsOf(fields).find(([path]) => !isReached(reachable, path));
  if (!wrong) return;
  const { vendor, resource, matrix } = promises;
  const [path] = wrong;
  const other = op === 'create' ? 'changed later' : 'set when the record is made';
  const hint = matrix.writableFields.includes(path) ? `; it can only be ${other}` : '';
  const write = op === 'create' ? 'A create' : 'An update';
  throw unsupported(
    `${vendor.title} cannot store ${path} of ${resource}${hint}. ${write} reaches ${reachable.join(', ')}`,
    path,
  );
}

/** Refuses a status that the vendor never has, or that cannot be reached from where the record stands. */
export function requireStatus(
  promises: Promises,
  wanted: AppointmentStatus,
  from: AppointmentStatus | null,
): void {
  const { vendor, matrix } = promises;
  const offered = (matrix.statuses ?? []).filter((status) => isSwitchedOn(promises, status));
  if (!offered.includes(wanted) && wanted !== 'cancelled') {
    const why = matrix.statuses?.includes(wanted) ? `, ${needsSwitch(promises, wanted)}` : '';
    throw unsupported(
      `${vendor.title} cannot set the status ${wanted}${why}; it can set ${offered.join(', ')}`,
      'status',
    );
  }
  if (from !== null && matrix.finalStatuses?.includes(from))
    throw new Problem(
      'transition_not_allowed',
      `At ${vendor.title} an appointment that is ${from} stays so; make a new one`,
      { errors: [{ pointer: '/status', code: 'transition_not_allowed', message: `it is ${from}` }] },
    );
}

/** Refuses a new record that lacks what the vendor makes none without. */
export function requireGiven({ vendor, matrix }: Promises, fields: Readonly<Record<string, unknown>>): void {
  const lacks = (field: string): boolean => (fields[field] ?? null) === null;
  const missing = (matrix.requiredFields ?? []).filter(
    (field) => lacks(field) && !(field === 'clientId' && !lacks('attendees')),
  );
  if (missing.length === 0) return;
  throw new Problem('validation_failed', `${vendor.title} needs ${missing.join(', ')}`, {
    errors: missing.map((field) => ({
      pointer: pointerOf(field),
      code: 'required',
      message: `${vendor.title} makes no record without it`,
    })),
  });
}
