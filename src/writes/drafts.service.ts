import { isDeepStrictEqual } from 'node:util';
import type { AppointmentStatus } from '../canonical/appointment';
import { readPhone } from '../canonical/phone';
import type { Session } from '../connections/sessions.service';
import type { IdentityService, Located } from '../identity/identity.service';
import type { PeekedRecord, RecordsService } from '../mirror/records.service';
import type { Query } from '../platform/database/database';
import { wrongField } from '../platform/http/problems';
import {
  reachableFields,
  requireFields,
  requireGiven,
  requireOperation,
  requireStatus,
  unsupported,
  type Promises,
} from './promises';
import { idsOf, knownOf, requireReferences, translated } from './references';
import type { Asker, Wish, WriteOperation, WriteRequest } from './write';

type Fields = Record<string, unknown>;

/** Where a write stands before it is begun. */
export interface Situation {
  readonly session: Session;
  readonly located: ReadonlyMap<string, Located>;
  /** The record as the mirror has it; null where it is to be made. */
  readonly current: PeekedRecord | null;
}
/** What will be sent, and whose time it takes. */
export interface Prepared {
  readonly op: WriteOperation;
  readonly request: WriteRequest;
  readonly takes: {
    readonly practitionerIds: readonly string[];
    readonly start: string;
    readonly end: string;
  } | null;
}

/** Turns a caller's wish into what the adapter takes, or refuses it: before anything is kept or sent. */
export class DraftsService {
  constructor(
    private readonly identity: IdentityService,
    private readonly records: RecordsService,
  ) {}

  /** Where everything lies that a wish names. */
  locate(query: Query, tenantId: string, wish: Wish): Promise<Map<string, Located>> {
    const ids = idsOf(wish);
    return ids.length === 0
      ? Promise.resolve(new Map<string, Located>())
      : this.identity.locateIn(query, tenantId, ids);
  }

  async prepare(asker: Asker, wish: Wish, situation: Situation): Promise<Prepared> {
    const { session, current } = situation;
    const { vendor, settings } = session;
    const matrix = vendor.capabilities[wish.resource];
    if (!matrix) throw unsupported(`${vendor.title} has no ${wish.resource}`);
    const promises: Promises = { vendor, resource: wish.resource, matrix, settings };
    const op = operationOf(wish);
    requireOperation(promises, op);
    if (wish.notifyClient && !matrix.writableFields.includes('notifyClient'))
      throw unsupported(`${vendor.title} cannot be asked to tell the client`, 'notifyClient');
    const isContent = op === 'create' || op === 'update';
    const fields = isContent ? await this.content(asker.tenantId, { ...wish, op }, promises, situation) : {};
    const known = knownOf(wish, situation.located);
    const { draft, location } = translated(wish.resource, fields, situation.located);
    const request: WriteRequest = {
      asker,
      vendor: vendor.name,
      notifyClient: wish.notifyClient,
      location,
      ref: wish.id === null ? null : (situation.located.get(wish.id)?.ref ?? null),
      draft,
      why: wish.why,
      externalId: wish.externalId,
      known,
      updatedAt: (current?.record['updatedAt'] as string | null | undefined) ?? null,
    };
    return { op, request, takes: wish.conflictPolicy === 'reject' ? takenTime(fields, current) : null };
  }

  /** The fields that go to the vendor, each checked against what it can hold. */
  private async content(
    tenantId: string,
    wish: Wish & { readonly op: 'create' | 'update' },
    promises: Promises,
    { session, located, current }: Situation,
  ): Promise<Fields> {
    requireReferences(wish, session.connection.id, located);
    const fields = withoutNeedless(wish, promises, current);
    const { status } = fields;
    if (status !== undefined)
      requireStatus(
        promises,
        status as AppointmentStatus,
        (current?.record['status'] ?? null) as AppointmentStatus | null,
      );
    await this.dropDerivedLocation(tenantId, wish, promises, { fields, current });
    requireFields(promises, wish.op, fields);
    if (typeof fields['phone'] === 'string') fields['phone'] = phoneIn(fields['phone'], session);
    if (wish.resource === 'appointments') await this.settleTimes(tenantId, wish.op, fields, current);
    if (wish.op === 'create') requireGiven(promises, fields);
    return fields;
  }

  /** A location that follows from the practitioner may be named, if it is the right one. */
  private async dropDerivedLocation(
    tenantId: string,
    { op, resource }: Wish & { readonly op: 'create' | 'update' },
    promises: Promises,
    { fields, current }: { fields: Fields; current: PeekedRecord | null },
  ): Promise<void> {
    const wanted = fields['locationId'];
    if (typeof wanted !== 'string' || reachableFields(promises, op).includes('locationId')) return;
    const practitioner = fields['practitionerId'] ?? current?.record['practitionerId'];
    if (resource !== 'appointments' || typeof practitioner !== 'string') return;
    const found = await this.records.peek({ tenantId, resource: 'practitioners' }, practitioner);
    const places = (found?.record['locationIds'] ?? []) as readonly string[];
    if (places[0] === wanted) delete fields['locationId'];
  }

  /** Start before end; an end that was left out follows from the service, where its duration is known. */
  private async settleTimes(
    tenantId: string,
    op: 'create' | 'update',
    fields: Fields,
    current: PeekedRecord | null,
  ): Promise<void> {
    for (const field of ['start', 'end'])
      if (fields[field] === null) throw wrongField(`/${field}`, `${field} cannot be taken away`);
    const start = becomes('start', fields, current);
    if (op === 'create' && start !== null && fields['end'] === undefined) {
      const end = await this.endByService(tenantId, fields['serviceId'], start);
      if (end !== null) fields['end'] = end;
    }
    const end = becomes('end', fields, current);
    if (isNamed(fields, ['start', 'end']) && start !== null && end !== null && end <= start)
      throw wrongField('/end', 'end must be later than start; to move an appointment, name both');
  }

  private async endByService(tenantId: string, serviceId: unknown, start: string): Promise<string | null> {
    if (typeof serviceId !== 'string') return null;
    const service = await this.records.peek({ tenantId, resource: 'services' }, serviceId);
    const minutes = service?.record['durationMinutes'];
    return typeof minutes === 'number' ? new Date(Date.parse(start) + minutes * 60_000).toISOString() : null;
  }
}

/** `status: cancelled` is the action of that name, and stands alone. */
export function operationOf({ op, fields }: Wish): WriteOperation {
  if (op !== 'update' || fields['status'] !== 'cancelled') return op;
  if (Object.keys(fields).length > 1)
    throw wrongField(
      '/status',
      'an appointment is cancelled by itself; change the rest before, in a request of its own',
    );
  return 'cancel';
}

/** Without what is so already, and without what a new record has anyway. */
function withoutNeedless({ op, fields }: Wish, promises: Promises, current: PeekedRecord | null): Fields {
  const reachable = reachableFields(promises, op === 'create' ? 'create' : 'update');
  const isNeedless = (path: string, value: unknown): boolean => {
    if (op === 'create') return value === null || (path === 'status' && value === 'booked');
    const held = current?.record[path];
    const isHeld = isDeepStrictEqual(held, value) || (value === null && held === undefined);
    // What the vendor can hold is written even so where the mirror may lag behind; a location or service is not.
    return isHeld && (!reachable.includes(path) || path.endsWith('Id') || path === 'status');
  };
  return Object.fromEntries(Object.entries(fields).filter(([path, value]) => !isNeedless(path, value)));
}

/** The number in E.164. */
function phoneIn(written: string, { settings }: Session): string {
  const { phone } = readPhone(written, settings.region);
  if (phone === null)
    throw wrongField(
      '/phone',
      `phone must be a telephone number: E.164, or as it is dialled in ${settings.region}`,
    );
  return phone;
}

/** What a field will hold: what the caller named, else what it holds. */
const becomes = (field: string, fields: Readonly<Fields>, current: PeekedRecord | null): string | null =>
  (fields[field] === undefined ? (current?.record[field] ?? null) : fields[field]) as string | null;

const isNamed = (fields: Readonly<Fields>, names: readonly string[]): boolean =>
  names.some((name) => fields[name] !== undefined);

/** Whose time an appointment will take; null where that does not change. */
function takenTime(fields: Readonly<Fields>, current: PeekedRecord | null): Prepared['takes'] {
  if (!isNamed(fields, ['start', 'end', 'practitionerId', 'status'])) return null;
  const [start, end] = [becomes('start', fields, current), becomes('end', fields, current)];
  const primary = becomes('practitionerId', fields, current);
  if (start === null || end === null || primary === null) return null;
  const { practitionerIds = [], practitionerId = null } = (current?.record ?? {}) as {
    practitionerIds?: readonly string[];
    practitionerId?: string | null;
  };
  const others = practitionerIds.filter((id) => id !== practitionerId);
  return { practitionerIds: [...new Set([primary, ...others])].sort(), start, end };
}
