import type { Gateway, TestTenant } from '../support/gateway';
import type { ShownEvent } from '../support/feed';
import { until } from '../support/until';
import { told, verified, type Received } from '../support/webhook-receiver';

const RESOURCES = ['appointments', 'clients', 'practitioners', 'services', 'locations'] as const;

/**
 * A second book of what changes in the mirror, kept by triggers of the test's own: which record, in which transaction. The
 * feed is held against it.
 */
export async function keepSecondBook(gateway: Gateway): Promise<void> {
  await gateway.rows(`
    create table second_book (xid text not null, id uuid not null);
    grant insert, select on second_book to gateway;
    create function note_in_second_book() returns trigger language plpgsql as $$
      begin
        if new.mentioned then return null; end if;
        if tg_op = 'INSERT' or old.mentioned then
          if new.deleted_at is not null then return null; end if;
        elsif new.doc::text = old.doc::text and new.external_id is not distinct from old.external_id
          and new.deleted_at is not distinct from old.deleted_at then
          return null;
        end if;
        insert into second_book values (pg_current_xact_id()::xid::text, new.id);
        return null;
      end $$;
    ${RESOURCES.map((table) => `create trigger second_book after insert or update on ${table} for each row execute function note_in_second_book();`).join('\n')}`);
}

const sorted = (pairs: readonly { xid: string; id: string }[]): string[] =>
  pairs.map(({ xid, id }) => `${xid} ${id}`).sort();

/** Every change of the second book has its event, written in its own transaction, and no event is there without a change. */
export async function expectAllChangesTold(gateway: Gateway): Promise<number> {
  const changes = await gateway.rows<{ xid: string; id: string }>('select distinct xid, id from second_book');
  const events = await gateway.rows<{ xid: string; id: string }>(
    'select xmin::text as xid, resource_id as id from events',
  );
  expect(sorted(events)).toEqual(sorted(changes));
  return events.length;
}

/** Each record's events tell its whole story in order: what each says has changed is what differs from the one before. */
export function expectUnbrokenStories(events: readonly ShownEvent[]): void {
  const last = new Map<string, ShownEvent>();
  for (const event of events) {
    const before = last.get(event.resourceId);
    last.set(event.resourceId, event);
    if (!before) {
      // What was archived before it was ever seen was never created here.
      if (event.data.deletedAt === null) expect(event.type).toMatch(/\.created$/);
      continue;
    }
    const differing = Object.keys(event.data).filter(
      (member) =>
        !GIVEN_BY_US.has(member) &&
        JSON.stringify(event.data[member as never]) !== JSON.stringify(before.data[member as never]),
    );
    expect([event.id, [...event.changed].sort()]).toEqual([event.id, differing.sort()]);
    expect(event.data.version).toBeGreaterThan(before.data.version);
  }
}
const GIVEN_BY_US = new Set(['version', 'changedAt', 'syncedAt']);

/** Every event of the tenant, oldest first. */
export const allEvents = (tenant: TestTenant): Promise<ShownEvent[]> => tenant.all<ShownEvent>('/v1/events');

interface Book {
  readonly secret: string;
  readonly calls: () => readonly Received[];
}
/** Every event reaches the receiver: signed, with the same body each time, and in order for one record. */
export async function expectAllDelivered(
  events: readonly ShownEvent[],
  { secret, calls }: Book,
  deadlineMs: number,
): Promise<void> {
  const ids = new Set(events.map(({ id }) => id));
  await until(
    () => new Set(calls().map(({ id }) => id)),
    (arrived) => [...ids].every((id) => arrived.has(id)),
    deadlineMs,
  );
  const bodies = new Map<string, string>();
  const versions = new Map<string, number>();
  for (const call of calls()) {
    const first = bodies.get(call.id);
    if (first !== undefined) {
      expect(call.body).toBe(first);
      continue;
    }
    bodies.set(call.id, call.body);
    verified(secret, call);
    const { id, record } = told(call).data;
    const version = Number(record?.['version']);
    expect([call.id, version > (versions.get(id) ?? 0)]).toEqual([call.id, true]);
    versions.set(id, version);
  }
}
