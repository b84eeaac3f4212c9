import type { Database } from '../platform/database/database';
import { Connection } from './connection.entity';
import type { ConnectionWarning } from './connection-state';

/** Warnings of a connection that no sync has found, and none takes away: what somebody has to look at. */
export class ConnectionWarningsService {
  constructor(private readonly database: Database) {}

  /** Adds a warning; one that stands already counts one more. It is no change by the caller, so the version stays. */
  async add(
    tenantId: string,
    id: string,
    warning: Omit<ConnectionWarning, 'firstSeenAt' | 'count'>,
  ): Promise<void> {
    await this.database.entities(tenantId, async (manager) => {
      const found = await manager.findOne(Connection, {
        where: { tenantId, id },
        lock: { mode: 'pessimistic_write' },
      });
      if (!found) return;
      const isSame = (one: ConnectionWarning): boolean =>
        one.code === warning.code && one.value === warning.value;
      const known = found.warnings.find(isSame);
      const added = {
        ...warning,
        firstSeenAt: known?.firstSeenAt ?? new Date().toISOString(),
        count: (known?.count ?? 0) + 1,
      };
      await manager
        .createQueryBuilder()
        .update(Connection)
        .set({
          warnings: [...found.warnings.filter((one) => !isSame(one)), added],
          version: () => 'version',
        })
        .where({ tenantId, id })
        .execute();
    });
  }
}
