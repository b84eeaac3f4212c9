import { RESOURCE_NAMES, type ResourceName } from '../canonical/index';
import type { ConnectionsService } from '../connections/connections.service';
import type { Database } from '../platform/database/database';
import { isTaken } from '../platform/database/errors';
import { newId } from '../platform/ids';
import { notFound, Problem, wrongField } from '../platform/http/problems';
import { readableOf } from './readable';
import { Sync, type ResourceProgress, type SyncError, type SyncMode } from './sync.entity';

/** A sync as it may be shown. */
export interface ShownSync extends Pick<
  Sync,
  'id' | 'connectionId' | 'mode' | 'status' | 'createdAt' | 'startedAt' | 'finishedAt'
> {
  readonly resources: Partial<
    Record<
      ResourceName,
      Pick<ResourceProgress, 'seen' | 'created' | 'updated' | 'deleted' | 'failed' | 'drift'>
    >
  >;
  readonly errors: readonly SyncError[];
}
/** What is asked of a sync. `force`: deletions are believed, however many there are. */
export interface SyncRequest {
  readonly mode: SyncMode;
  readonly resources?: readonly ResourceName[] | undefined;
  readonly force?: boolean | undefined;
}
/** Hands syncs to whoever runs them: those that somebody asked for go before those that were only due. */
export interface SyncQueue {
  enqueue(syncs: readonly Pick<Sync, 'id'>[], isAskedFor: boolean): Promise<void>;
}

/** Syncs as callers ask for them and look at them. */
export class SyncsService {
  constructor(
    private readonly database: Database,
    private readonly connections: ConnectionsService,
    private readonly queue: SyncQueue,
  ) {}

  /** Queues a sync. One that is queued already serves for both; connection_disabled where the connection is switched off. */
  async request(
    tenantId: string,
    connectionId: string,
    { mode, resources, force = false }: SyncRequest,
  ): Promise<ShownSync> {
    if (force && mode !== 'full')
      throw wrongField('/force', 'goes with mode full alone: only a full scan can tell what is missing');
    const connection = await this.connections.find(tenantId, connectionId);
    if (connection.disabled)
      throw new Problem('connection_disabled', 'The connection is switched off; enable it first');
    const requested = readableOf(connection.vendor).filter((name) => resources?.includes(name) ?? true);
    const sync = {
      tenantId,
      id: newId(),
      connectionId,
      mode,
      status: 'queued' as const,
      requested,
      progress: {},
      errors: [],
      windowFrom: null,
      windowTo: null,
      force,
      fence: 0,
      createdAt: new Date().toISOString(),
      startedAt: null,
      finishedAt: null,
    };
    try {
      await this.database.entities(tenantId, (manager) => manager.insert(Sync, sync));
    } catch (error) {
      if (isTaken(error)) return this.join(tenantId, sync);
      throw error;
    }
    await this.queue.enqueue([sync], true);
    return shown(sync);
  }

  async get(tenantId: string, connectionId: string, id: string): Promise<ShownSync> {
    const sync = await this.database.entities(tenantId, (manager) =>
      manager.findOneBy(Sync, { tenantId, connectionId, id }),
    );
    if (!sync) throw notFound();
    return shown(sync);
  }

  /** A page of a connection's syncs, the newest first. */
  async list(
    tenantId: string,
    connectionId: string,
    { before, limit }: { before: string | null; limit: number },
  ): Promise<{ rows: ShownSync[]; more: boolean }> {
    await this.connections.find(tenantId, connectionId);
    const rows = await this.database.entities(tenantId, (manager) => {
      const select = manager.createQueryBuilder(Sync, 's').where({ tenantId, connectionId });
      return (before === null ? select : select.andWhere('s.id < :before', { before }))
        .orderBy('s.id', 'DESC')
        .limit(limit + 1)
        .getMany();
    });
    return { rows: rows.slice(0, limit).map(shown), more: rows.length > limit };
  }

  /** The sync that waits already takes on what is asked of the new one. */
  private async join(tenantId: string, { connectionId, mode, requested, force }: Sync): Promise<ShownSync> {
    const waiting = await this.database.entities(tenantId, async (manager) => {
      const found = await manager.findOne(Sync, {
        where: { tenantId, connectionId, status: 'queued' },
        lock: { mode: 'pessimistic_write' },
      });
      if (!found) return null;
      const widened = {
        mode: mode === 'full' ? mode : found.mode,
        force: force || found.force,
        requested: RESOURCE_NAMES.filter(
          (name) => requested.includes(name) || found.requested.includes(name),
        ),
      };
      await manager.update(Sync, { tenantId, id: found.id }, widened);
      return { ...found, ...widened };
    });
    if (!waiting) throw new Problem('conflict', 'A sync of this connection has just begun; ask again');
    return shown(waiting);
  }
}

function shown({
  id,
  connectionId,
  mode,
  status,
  createdAt,
  startedAt,
  finishedAt,
  progress,
  errors,
}: Sync): ShownSync {
  const resources = Object.fromEntries(
    Object.entries(progress).map(([resource, { seen, created, updated, deleted, failed, ...rest }]) => [
      resource,
      { seen, created, updated, deleted, failed, drift: rest.drift ?? null },
    ]),
  );
  return { id, connectionId, mode, status, createdAt, startedAt, finishedAt, resources, errors };
}
