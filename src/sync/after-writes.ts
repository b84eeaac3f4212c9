import type { ConnectionName } from '../connections/connection-events';
import type { Database } from '../platform/database/database';
import type { SchedulesRepository } from './schedules.repository';

/** However many writes a connection sees, its schedule is looked at so often at most. */
const PAUSE_MS = 1_000;

/** Brings the next sync near after writes. The last write of a pause counts when the pause is over, so that none is passed by. */
export class AfterWrites {
  /** Connections whose pause has not ended, and whether there were more writes in it. */
  private readonly pausing = new Map<string, boolean>();

  constructor(
    private readonly database: Database,
    private readonly schedules: SchedulesRepository,
  ) {}

  async wrote(connection: ConnectionName): Promise<void> {
    const name = `${connection.tenantId} ${connection.id}`;
    if (this.pausing.has(name)) {
      this.pausing.set(name, true);
      return;
    }
    this.pausing.set(name, false);
    setTimeout(() => {
      const again = this.pausing.get(name) === true;
      this.pausing.delete(name);
      if (again) void this.wrote(connection).catch(() => undefined);
    }, PAUSE_MS).unref();
    const { tenantId, id } = connection;
    await this.database.change(tenantId, (query) =>
      this.schedules.afterWrite(query, { tenantId, connectionId: id }),
    );
  }
}
