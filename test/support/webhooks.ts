import type { ListOf } from './calls';
import { changeMirror } from './feed';
import type { Gateway, TestTenant } from './gateway';
import { until } from './until';

/** An endpoint as the API shows it; the secret is in the answers that make one. */
export interface ShownEndpoint {
  readonly id: string;
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly payload: string;
  readonly enabled: boolean;
  readonly disabledReason: string | null;
  readonly previousSecretUntil: string | null;
  readonly lastDeliveryAt: string | null;
  readonly lastError: { readonly code: string; readonly status: number | null; readonly at: string } | null;
  readonly version: number;
  readonly secret: string;
}
/** A delivery as the API shows it. */
export interface ShownDelivery {
  readonly id: string;
  readonly endpointId: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly resourceId: string;
  readonly status: string;
  readonly attempts: number;
  readonly responseStatus: number | null;
  readonly error: string | null;
  readonly lastAttemptAt: string | null;
  readonly nextAttemptAt: string | null;
  readonly deliveredAt: string | null;
}

export const ENDPOINTS = '/v1/webhook-endpoints';

/** Has events sent to a URL: all of them, unless told otherwise. */
export const subscribe = async (
  { call }: TestTenant,
  url: string,
  options: { eventTypes?: string[]; payload?: string; secret?: string } = {},
): Promise<ShownEndpoint> =>
  (await call<ShownEndpoint>('POST', ENDPOINTS, { body: { url, eventTypes: ['*'], ...options } })).need(201);

export const endpointOf = async ({ call }: TestTenant, id: string): Promise<ShownEndpoint> =>
  (await call<ShownEndpoint>('GET', `${ENDPOINTS}/${id}`)).need(200);

export const deliveriesOf = async ({ call }: TestTenant, id: string, query = ''): Promise<ShownDelivery[]> =>
  (await call<ListOf<ShownDelivery>>('GET', `${ENDPOINTS}/${id}/deliveries?limit=200${query}`)).need(200)
    .data;

/** The only delivery of an endpoint, once it is as wanted. */
export const deliveryThat = async (
  tenant: TestTenant,
  id: string,
  isWanted: (delivery: ShownDelivery) => boolean,
  deadlineMs = 20_000,
): Promise<ShownDelivery> => {
  const found = await until(
    () => deliveriesOf(tenant, id),
    ([first]) => first !== undefined && isWanted(first),
    deadlineMs,
  );
  return found[0] as ShownDelivery;
};

/** Records of a tenant whose changes make events, without a vendor: what a test of webhooks needs of a clinic. */
export interface Records {
  readonly ids: readonly string[];
  /** Changes a record; each change is an event of its own. */
  change(id: string, name: string): Promise<unknown>;
}

const NOWHERE = { token: 'none' };

/** Puts `count` locations into a tenant's mirror, which no vendor has and no sync will touch. */
export async function recordsFor(gateway: Gateway, tenant: TestTenant, count: number): Promise<Records> {
  const [connection] = await gateway.rows<{ id: string }>(
    `insert into connections (tenant_id, id, vendor, name, settings, credentials, credentials_updated_at)
     values ($1, gen_random_uuid(), 'penga', 'Records', '{"sync": {"enabled": false}}', $2, now()) returning id`,
    [tenant.id, JSON.stringify(NOWHERE)],
  );
  const rows = await gateway.rows<{ id: string }>(
    `insert into remote_ids (tenant_id, id, connection_id, vendor, resource, remote_scope, remote_id, first_seen_at)
     select $1, gen_random_uuid(), $2, 'penga', 'locations', '', 'L-' || n, now() from generate_series(1, $3) n returning id`,
    [tenant.id, connection!.id, count],
  );
  const ids = rows.map(({ id }) => id);
  await changeMirror(
    gateway,
    tenant.id,
    `insert into locations (tenant_id, id, connection_id, vendor, mentioned, doc, content_hash, sort_name, search, changed_at)
     select '${tenant.id}', id, '${connection!.id}', 'penga', false, json_build_object('id', id, 'name', 'first'), '', '', '', now()
     from unnest('{${ids.join(',')}}'::uuid[]) id`,
  );
  return {
    ids,
    change: (id, name) =>
      changeMirror(
        gateway,
        tenant.id,
        `update locations set doc = json_build_object('id', id, 'name', '${name}'), version = version + 1 where id = '${id}'`,
      ),
  };
}
