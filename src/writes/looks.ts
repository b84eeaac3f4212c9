import { isDeepStrictEqual } from 'node:util';
import type { Instant } from '../canonical/values';
import type { Session } from '../connections/sessions.service';
import type { Draft, Port, Remote, ResourceCapabilities, Seen } from '../vendors/contract';
import { callOf, type Write, type WritableResource } from './write';

type Values = Readonly<Record<string, unknown>>;
export type AnyPort = Partial<Port<WritableResource>>;
type AnySeen = Seen<WritableResource>;

/** What a look at the vendor showed: the record as it is after the write, the write not (yet) applied, or two that fit. */
export type Sight =
  | { readonly kind: 'applied'; readonly seen: AnySeen | null }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'several'; readonly seen: readonly AnySeen[] };

/** Whether a value is what was asked for: of an object the parts that were named, of people who they are. */
function isAsked(field: string, asked: unknown, held: unknown): boolean {
  if (field === 'attendees') return isDeepStrictEqual(peopleIn(asked), peopleIn(held));
  if (typeof asked !== 'object' || asked === null || 'id' in asked)
    return isDeepStrictEqual(asked, held ?? null);
  const parts = Object.entries(asked).filter(([, value]) => value !== null);
  return parts.every(([name, value]) => isDeepStrictEqual(value, ((held ?? {}) as Values)[name]));
}
const peopleIn = (attendees: unknown): string[] =>
  (attendees as readonly { readonly clientId: { readonly id: string } }[])
    .map(({ clientId }) => clientId.id)
    .sort();

/** What of a new record's draft the record found does not show: a vendor that takes several requests may have had the first alone. */
export function missingFrom(
  record: Remote<WritableResource>,
  { request }: Write,
  { writeOnlyFields = [], onlyOnCreate = [] }: ResourceCapabilities,
): Draft<WritableResource> {
  const missing = Object.entries(request.draft).filter(
    ([field, value]) =>
      !writeOnlyFields.includes(field) &&
      !onlyOnCreate.includes(field) &&
      !isAsked(field, value, (record as unknown as Values)[field]),
  );
  return Object.fromEntries(missing);
}

/**
 * Whether a record shows that a change was applied. Of fields that are never shown nothing can be told: if no other was
 * named, the vendor's time of the last change tells.
 */
export function fits(
  record: Remote<WritableResource>,
  updatedAt: string | null,
  { request }: Write,
  { writeOnlyFields = [] }: Pick<ResourceCapabilities, 'writeOnlyFields'>,
): boolean {
  const asked = Object.entries(request.draft).filter(([field]) => !writeOnlyFields.includes(field));
  if (asked.length === 0) return updatedAt !== null && updatedAt !== request.updatedAt;
  return asked.every(([field, value]) => isAsked(field, value, (record as unknown as Values)[field]));
}

/** The vendor's side of what is written. */
export const portOf = ({ resource }: Write, { ports }: Session): AnyPort => ports[resource] as AnyPort;

/** Looks at the vendor whether a write whose answer was lost was applied. It sends nothing but reads. */
export async function look(write: Write, session: Session, matrix: ResourceCapabilities): Promise<Sight> {
  const port = portOf(write, session);
  if (write.op === 'create') return lookForNew(write, port, await sinceOf(write, session));
  const { ref } = write.request;
  if (!port.get || !ref) return { kind: 'nothing' };
  const seen = await port.get(ref);
  if (write.op === 'delete')
    return seen === null || seen.deletedAt !== null ? { kind: 'applied', seen } : { kind: 'nothing' };
  if (seen === null) return { kind: 'nothing' };
  const isDone =
    write.op === 'cancel'
      ? (seen.record as Partial<Remote<'appointments'>>).status === 'cancelled'
      : fits(seen.record, seen.updatedAt, write, matrix);
  return isDone ? { kind: 'applied', seen } : { kind: 'nothing' };
}

/** When the write was taken on, by the vendor's clock where that is behind: what it made bears a time of that clock. */
async function sinceOf({ createdAt }: Write, { vendor, http, settings, clock }: Session): Promise<Instant> {
  if (!clock.isHeard) await vendor.check(http, settings);
  return new Date(Date.parse(createdAt) - clock.behindMs).toISOString();
}

async function lookForNew(write: Write, port: AnyPort, since: Instant): Promise<Sight> {
  const found = (await port.find?.(write.request.draft, { ...callOf(write, new Map()), since })) ?? [];
  const [first, ...others] = found;
  if (first === undefined) return { kind: 'nothing' };
  return others.length === 0 ? { kind: 'applied', seen: first } : { kind: 'several', seen: found };
}
