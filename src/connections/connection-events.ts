/** Tells whoever listens that a connection is new, or has other settings: its first sync starts at once. */
export class ConnectionEvents {
  private readonly listeners: ((connection: { tenantId: string; id: string }) => Promise<void>)[] = [];

  onChange(listener: (connection: { tenantId: string; id: string }) => Promise<void>): void {
    this.listeners.push(listener);
  }

  async changed(connection: { tenantId: string; id: string }): Promise<void> {
    for (const listener of this.listeners) await listener(connection);
  }
}
