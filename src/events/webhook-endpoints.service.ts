import type { Database, Entities } from '../platform/database/database';
import { notFound, wrongField } from '../platform/http/problems';
import { newId } from '../platform/ids';
import type { HostAllowlist } from '../platform/outgoing';
import { feedPlace, restartWaiting } from './delivery-log.repository';
import type { Payload } from './event-text';
import { TEST_EVENT } from './event-types';
import { WebhookEndpoint } from './webhook-endpoint.entity';
import { signedHeaders } from './webhook-message';
import { isSecret, newSecret, type WebhookSecrets } from './webhook-secrets';
import type { WebhookSender } from './webhook-sender';
import { refusalOf } from './webhook-url';

const BOTH_SIGN_MS = 24 * 3_600_000;

/** An endpoint as it may be shown. */
export type ShownEndpoint = Omit<
  WebhookEndpoint,
  'tenantId' | 'secret' | 'previousSecret' | 'failingSince' | 'lastSeq'
>;
/** The same in the one answer that tells the secret. */
export type ToldEndpoint = ShownEndpoint & { readonly secret: string };

export interface NewEndpoint {
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly secret?: string | undefined;
  readonly payload?: Payload | undefined;
}
export interface EndpointChanges {
  readonly url?: string | undefined;
  readonly eventTypes?: readonly string[] | undefined;
  readonly payload?: Payload | undefined;
  readonly enabled?: boolean | undefined;
}
/** What came of a test call. */
export interface TestResult {
  readonly ok: boolean;
  readonly status: number | null;
  readonly latencyMs: number;
  readonly error: string | null;
}
export interface EndpointTools {
  readonly database: Database;
  readonly secrets: WebhookSecrets;
  readonly sender: WebhookSender;
  readonly allowed: HostAllowlist;
}
type CheckVersion = (version: number) => void;

/** Where tenants want their events sent: made, read, changed, tested and removed. */
export class WebhookEndpointsService {
  constructor(private readonly tools: EndpointTools) {}

  async create(tenantId: string, given: NewEndpoint): Promise<ToldEndpoint> {
    this.mustBeAllowed(given.url);
    const secret = given.secret ?? newSecret();
    if (!isSecret(secret)) throw wrongField('/secret', 'must be whsec_ and 24 to 64 bytes in base64');
    const now = new Date().toISOString();
    const id = newId();
    const endpoint = await this.tools.database.entities(tenantId, async (manager) => {
      const made: WebhookEndpoint = {
        tenantId,
        id,
        url: given.url,
        eventTypes: [...given.eventTypes],
        payload: given.payload ?? 'thin',
        secret: this.tools.secrets.seal({ tenantId, id }, secret),
        previousSecret: null,
        previousSecretUntil: null,
        enabled: true,
        disabledReason: null,
        failingSince: null,
        lastDeliveryAt: null,
        lastError: null,
        lastSeq: await feedPlace(manager, tenantId),
        createdAt: now,
        updatedAt: now,
        version: 1,
      };
      await manager.insert(WebhookEndpoint, made);
      return made;
    });
    return { ...shown(endpoint), secret };
  }

  /** A page of endpoints in the order in which they were made. */
  async list(
    tenantId: string,
    { after, limit }: { after: string | null; limit: number },
  ): Promise<{ rows: ShownEndpoint[]; more: boolean }> {
    const rows = await this.tools.database.entities(tenantId, (manager) => {
      const select = manager.createQueryBuilder(WebhookEndpoint, 'e').where({ tenantId });
      return (after === null ? select : select.andWhere('e.id > :after', { after }))
        .orderBy('e.id')
        .limit(limit + 1)
        .getMany();
    });
    return { rows: rows.slice(0, limit).map(shown), more: rows.length > limit };
  }

  async get(tenantId: string, id: string): Promise<ShownEndpoint> {
    return shown(await this.find(tenantId, id));
  }

  /** Changes what is named. One that is switched on again goes on where it stood: nothing that happened meanwhile is left out. */
  async update(
    tenantId: string,
    id: string,
    { enabled, ...changes }: EndpointChanges,
    check: CheckVersion,
  ): Promise<ShownEndpoint> {
    if (changes.url !== undefined) this.mustBeAllowed(changes.url);
    return this.changed(tenantId, id, check, async (found, manager) => {
      if (enabled === true && !found.enabled) await restartWaiting(manager, tenantId, id);
      return {
        ...named(changes),
        ...(enabled === undefined || enabled === found.enabled
          ? {}
          : { enabled, disabledReason: enabled ? null : 'switched_off', failingSince: null }),
      } as Partial<WebhookEndpoint>;
    });
  }

  /** Makes a new secret; the one before signs too for a day, and no longer than until the next rotation. */
  async rotate(tenantId: string, id: string, check: CheckVersion): Promise<ToldEndpoint> {
    const secret = newSecret();
    const { secrets } = this.tools;
    const endpoint = await this.changed(tenantId, id, check, (found) =>
      Promise.resolve({
        secret: secrets.seal(found, secret),
        previousSecret: secrets.sealPrevious(found, found.secret),
        previousSecretUntil: new Date(Date.now() + BOTH_SIGN_MS).toISOString(),
      }),
    );
    return { ...endpoint, secret };
  }

  async remove(tenantId: string, id: string, check: CheckVersion): Promise<void> {
    await this.tools.database.entities(tenantId, async (manager) => {
      check((await locked(manager, tenantId, id)).version);
      await manager.delete(WebhookEndpoint, { tenantId, id });
    });
  }

  /** Sends an event that is in no feed, and says what came of it. */
  async test(tenantId: string, id: string): Promise<TestResult> {
    const endpoint = await this.find(tenantId, id);
    const secrets = this.tools.secrets.open(endpoint, inForce(endpoint));
    if (!secrets) return { ok: false, status: null, latencyMs: 0, error: 'secret_unreadable' };
    const at = new Date();
    const body = JSON.stringify({
      type: TEST_EVENT,
      timestamp: at.toISOString(),
      data: { endpointId: id },
    });
    const headers = signedHeaders({ id: newId(), body }, secrets, at);
    const { status, latencyMs, error } = await this.tools.sender.send({ url: endpoint.url, headers, body });
    return { ok: error === null, status, latencyMs, error };
  }

  /** The row itself; not_found where it is not the tenant's. */
  async find(tenantId: string, id: string): Promise<WebhookEndpoint> {
    const endpoint = await this.tools.database.entities(tenantId, (manager) =>
      manager.findOneBy(WebhookEndpoint, { tenantId, id }),
    );
    if (!endpoint) throw notFound();
    return endpoint;
  }

  private changed(
    tenantId: string,
    id: string,
    check: CheckVersion,
    changesOf: (found: WebhookEndpoint, manager: Entities) => Promise<Partial<WebhookEndpoint>>,
  ): Promise<ShownEndpoint> {
    return this.tools.database.entities(tenantId, async (manager) => {
      const found = await locked(manager, tenantId, id);
      check(found.version);
      const changes = await changesOf(found, manager);
      return shown(
        await manager.save(WebhookEndpoint, { ...found, ...changes, updatedAt: new Date().toISOString() }),
      );
    });
  }

  private mustBeAllowed(url: string): void {
    const refusal = refusalOf(url, this.tools.allowed);
    if (refusal !== null) throw wrongField('/url', refusal);
  }
}

/** What a change names: what it leaves out is undefined in it, and stays. */
const named = <T extends object>(changes: T): Partial<T> =>
  Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as Partial<T>;

async function locked(manager: Entities, tenantId: string, id: string): Promise<WebhookEndpoint> {
  const found = await manager.findOne(WebhookEndpoint, {
    where: { tenantId, id },
    lock: { mode: 'pessimistic_write' },
  });
  if (!found) throw notFound();
  return found;
}

const inForce = ({ secret, previousSecret, previousSecretUntil }: WebhookEndpoint) => ({
  secret,
  previousSecret:
    previousSecretUntil !== null && Date.parse(previousSecretUntil) > Date.now() ? previousSecret : null,
});

function shown({
  tenantId: _tenant,
  secret: _secret,
  previousSecret: _previous,
  failingSince: _failing,
  lastSeq: _place,
  ...rest
}: WebhookEndpoint): ShownEndpoint {
  return rest;
}
