import { newId } from '../platform/ids';
import type { Database, Entities, Query } from '../platform/database/database';
import { notFound, wrongField } from '../platform/http/problems';
import type { HostAllowlist } from '../platform/outgoing';
import type { Vendor } from '../vendors/contract';
import { VENDORS } from '../vendors/registry';
import { configured, merged } from './configuration';
import { Connection } from './connection.entity';
import { isReadOtherwise, isSynced } from './connection-reading';
import { connectionOfStatement, connectionStatement, type ConnectionRow } from './connection-row';
import type { ConnectionEvents } from './connection-events';
import { warningsAfter, type SyncOutcome } from './connection-state';
import type { TokensRepository } from './tokens.repository';
import type { Vault } from './vault';

type Plain = Readonly<Record<string, unknown>>;

/** A connection as it may be shown: its credentials went in and never come out. */
export interface ShownConnection extends Omit<
  Connection,
  'tenantId' | 'credentials' | 'credentialsUpdatedAt' | 'disabled'
> {
  readonly enabled: boolean;
  readonly credentials: { readonly configured: true; readonly updatedAt: string };
}
export interface NewConnection {
  readonly vendor: string;
  readonly name: string;
  readonly credentials: Plain;
  readonly settings?: Plain | undefined;
}
export interface ConnectionChanges {
  readonly name?: string | undefined;
  readonly credentials?: Plain | undefined;
  readonly settings?: Plain | undefined;
  readonly enabled?: boolean | undefined;
}
type CheckVersion = (version: number) => void;

/** Tenants' accounts at vendors: made, read, changed and removed. */
export class ConnectionsService {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
    private readonly tokens: TokensRepository,
    private readonly allowed: HostAllowlist,
    private readonly events: ConnectionEvents,
  ) {}

  async create(tenantId: string, given: NewConnection): Promise<ShownConnection> {
    const vendor = vendorNamed(given.vendor);
    const { settings } = configured(
      vendor,
      { credentials: given.credentials, settings: given.settings ?? {} },
      this.allowed,
    );
    const now = new Date().toISOString();
    const id = newId();
    const connection: Connection = {
      tenantId,
      id,
      vendor: vendor.name,
      name: given.name,
      settings: plain(settings),
      credentials: this.vault.seal({ tenantId, id }, 'credentials', given.credentials),
      credentialsUpdatedAt: now,
      disabled: false,
      status: 'pending',
      lastSyncAt: null,
      lastError: null,
      warnings: [],
      createdAt: now,
      updatedAt: now,
      version: 1,
    };
    await this.database.entities(tenantId, (manager) => manager.insert(Connection, connection as never));
    if (settings.sync.enabled) await this.events.changed({ tenantId, id });
    return shown(connection);
  }

  /** A page of connections in the order in which they were made. */
  async list(
    tenantId: string,
    { after, limit }: { after: string | null; limit: number },
  ): Promise<{ rows: ShownConnection[]; more: boolean }> {
    const rows = await this.database.entities(tenantId, (manager) => {
      const select = manager
        .createQueryBuilder(Connection, 'c')
        .where('c.tenant_id = :tenantId', { tenantId });
      return (after === null ? select : select.andWhere('c.id > :after', { after }))
        .orderBy('c.id')
        .limit(limit + 1)
        .getMany();
    });
    return { rows: rows.slice(0, limit).map(shown), more: rows.length > limit };
  }

  async get(tenantId: string, id: string): Promise<ShownConnection> {
    return shown(await this.find(tenantId, id));
  }

  /** The row itself, for those who open it; not_found where it is not the tenant's. */
  async find(tenantId: string, id: string): Promise<Connection> {
    const [connection] = await this.database.read<ConnectionRow>(tenantId, connectionStatement(tenantId, id));
    if (!connection) throw notFound();
    return connection;
  }

  /** The same with other statements; null where it is not the tenant's. */
  async findIn(query: Query, tenantId: string, id: string): Promise<Connection | null> {
    const [connection] = await query<ConnectionRow>(connectionStatement(tenantId, id));
    return connection ?? null;
  }

  /** The connection that a record is of; null where the tenant has no such record. */
  async findOf(query: Query, tenantId: string, recordId: string): Promise<Connection | null> {
    const [connection] = await query<ConnectionRow>(connectionOfStatement(tenantId, recordId));
    return connection ?? null;
  }

  async update(
    tenantId: string,
    id: string,
    changes: ConnectionChanges,
    check: CheckVersion,
  ): Promise<ShownConnection> {
    const { connection, isOther } = await this.locked(tenantId, id, check, async (manager, found) => {
      const credentials = changes.credentials ?? this.vault.credentialsOf(found);
      const asked = merged(found.settings, changes.settings ?? {});
      const { settings } = configured(
        vendorNamed(found.vendor),
        { credentials, settings: asked },
        this.allowed,
      );
      const now = new Date().toISOString();
      const disabled = changes.enabled === undefined ? found.disabled : !changes.enabled;
      const changed = await manager.save(Connection, {
        ...found,
        name: changes.name ?? found.name,
        settings: plain(settings),
        disabled,
        status: disabled
          ? 'disabled'
          : found.status === 'disabled' || changes.credentials
            ? 'pending'
            : found.status,
        updatedAt: now,
        ...(changes.credentials
          ? {
              credentials: this.vault.seal({ tenantId, id }, 'credentials', credentials),
              credentialsUpdatedAt: now,
              lastError: null,
            }
          : {}),
      });
      // In the same moment: nobody takes the old account's token for the new one's.
      if (changes.credentials || changes.settings) await this.tokens.forget(manager, { tenantId, id });
      return {
        connection: changed,
        isOther: changes.credentials !== undefined || isReadOtherwise(found, changed),
      };
    });
    if (isOther && isSynced(connection)) await this.events.changed({ tenantId, id });
    return shown(connection);
  }

  /** Removes a connection and every record mirrored from it; nothing is changed at the vendor. */
  async remove(tenantId: string, id: string, check: CheckVersion): Promise<void> {
    await this.locked(tenantId, id, check, (manager) => manager.delete(Connection, { tenantId, id }));
  }

  /** Notes how a sync went. It is no change by the caller, so the version stays. */
  async noteSync(tenantId: string, id: string, outcome: SyncOutcome): Promise<void> {
    await this.database.entities(tenantId, async (manager) => {
      const found = await manager.findOne(Connection, {
        where: { tenantId, id },
        lock: { mode: 'pessimistic_write' },
      });
      if (!found) return;
      const { status, error, finishedAt } = outcome;
      const values = {
        status: found.disabled ? ('disabled' as const) : status,
        lastError: error,
        warnings: warningsAfter(found.warnings, outcome),
        ...(status === 'failing' ? {} : { lastSyncAt: finishedAt }),
      };
      await manager
        .createQueryBuilder()
        .update(Connection)
        .set({ ...values, version: () => 'version' })
        .where({ tenantId, id })
        .execute();
    });
  }

  /** Notes that the credentials are of no use: refused, unless told otherwise. No change by the caller, so the version stays. */
  async noteRefusal(
    tenantId: string,
    id: string,
    message: string,
    code = 'vendor_auth_failed',
  ): Promise<void> {
    const lastError = { code, message, at: new Date().toISOString(), retryable: false };
    await this.database.entities(tenantId, (manager) =>
      manager
        .createQueryBuilder()
        .update(Connection)
        .set({ status: 'failing', lastError, version: () => 'version' })
        .where({ tenantId, id, disabled: false })
        .execute(),
    );
  }

  private async locked<T>(
    tenantId: string,
    id: string,
    check: CheckVersion,
    work: (manager: Entities, found: Connection) => Promise<T>,
  ): Promise<T> {
    return this.database.entities(tenantId, async (manager) => {
      const found = await manager.findOne(Connection, {
        where: { tenantId, id },
        lock: { mode: 'pessimistic_write' },
      });
      if (!found) throw notFound();
      check(found.version);
      return work(manager, found);
    });
  }
}

/** The vendor of that name; a vendor that nobody knows is the caller's mistake. */
function vendorNamed(name: string): Vendor {
  const vendor = VENDORS.get(name);
  if (!vendor) throw wrongField('/vendor', `must be one of ${[...VENDORS.keys()].join(', ')}`);
  return vendor;
}

const plain = (settings: object): Record<string, unknown> =>
  JSON.parse(JSON.stringify(settings)) as Record<string, unknown>;

function shown({
  tenantId: _tenant,
  credentials: _sealed,
  credentialsUpdatedAt,
  disabled,
  ...rest
}: Connection): ShownConnection {
  return { ...rest, enabled: !disabled, credentials: { configured: true, updatedAt: credentialsUpdatedAt } };
}
