import type { ResourceName } from '../../src/canonical/index';
import type { Call, ListOf, Shown } from './calls';
import type { Clinic } from './clinics';
import type { Gateway, TestTenant } from './gateway';

/** An event as the API shows it. */
export interface ShownEvent {
  readonly id: string;
  readonly type: string;
  readonly occurredAt: string;
  readonly connectionId: string;
  readonly resource: ResourceName;
  readonly resourceId: string;
  readonly changed: readonly string[];
  readonly data: Shown<ResourceName>;
}
/** A page of the feed. */
export interface Feed extends ListOf<ShownEvent> {
  readonly page: ListOf<ShownEvent>['page'] & { readonly resumeCursor: string };
}
type Reader = Pick<TestTenant, 'call'> | { readonly call: Call };

/** One page, as large as they come. */
export const feed = async ({ call }: Reader, query = ''): Promise<Feed> =>
  (await call<Feed>('GET', `/v1/events?limit=200${query}`)).need(200);

/** A cursor as a part of a query. */
export const after = (cursor: string): string => `&cursor=${encodeURIComponent(cursor)}`;

/** Where the feed stands now. */
export const placeNow = async (reader: Reader): Promise<string> =>
  (await feed(reader, '&from=now')).page.resumeCursor;

/** Everything that has happened since. */
export async function since(reader: Reader, cursor: string, query = ''): Promise<ShownEvent[]> {
  const found: ShownEvent[] = [];
  for (let at: string | null = cursor; at !== null;) {
    const { data, page }: Feed = await feed(reader, `${query}${after(at)}`);
    found.push(...data);
    at = page.nextCursor;
  }
  return found;
}

/** Changes a tenant's mirror behind the service's back, by the service's own role and in one transaction. */
export const changeMirror = (
  gateway: Pick<Gateway, 'rows'>,
  tenantId: string,
  ...statements: readonly string[]
): Promise<unknown> =>
  gateway.rows(
    `set role gateway; begin; select set_config('app.tenant_id', '${tenantId}', true); ${statements.join('; ')}; commit; reset role`,
  );

/** A tenant whose mirror holds one clinic. */
export async function synced(
  gateway: Gateway,
  name: string,
  { sandbox }: Clinic,
): Promise<{ tenant: TestTenant; connection: string }> {
  const tenant = await gateway.tenant(name);
  const connection = await tenant.connect(sandbox);
  expect((await tenant.sync(connection)).status).toBe('succeeded');
  return { tenant, connection };
}
