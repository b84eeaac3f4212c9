/** A connection by its name. */
export interface ConnectionName {
  readonly tenantId: string;
  readonly id: string;
}
type Listener = (connection: ConnectionName) => Promise<void>;

/** Tells whoever listens what happens to connections. */
export class ConnectionEvents {
  private readonly onChanges: Listener[] = [];
  private readonly onWrites: Listener[] = [];

  /** The connection is new, switched on, or has other credentials or settings: what was read by the old ones is read anew. */
  onChange(listener: Listener): void {
    this.onChanges.push(listener);
  }

  /** The vendor has said yes to a write of ours: it may have changed more than its answer tells. */
  onWrite(listener: Listener): void {
    this.onWrites.push(listener);
  }

  async changed(connection: ConnectionName): Promise<void> {
    for (const listener of this.onChanges) await listener(connection);
  }

  async wrote(connection: ConnectionName): Promise<void> {
    for (const listener of this.onWrites) await listener(connection);
  }
}
