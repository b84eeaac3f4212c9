const SWEEP_MS = 1_000;

/** Remembers a few things for a short while, by the process's own clock; what is old is dropped though nobody asks for it. */
export class ShortMemory<T> {
  private readonly held = new Map<string, { readonly value: T; readonly until: number }>();
  private sweeping: NodeJS.Timeout | undefined;

  constructor(
    private readonly most: number,
    private readonly forMs: number,
  ) {}

  get(key: string): T | undefined {
    const found = this.held.get(key);
    return found && found.until > performance.now() ? found.value : undefined;
  }

  set(key: string, value: T): void {
    this.held.delete(key);
    this.held.set(key, { value, until: performance.now() + this.forMs });
    const [oldest] = this.held.keys();
    if (this.held.size > this.most && oldest !== undefined) this.held.delete(oldest);
    this.sweeping ??= setInterval(() => {
      this.sweep();
    }, SWEEP_MS).unref();
  }

  delete(key: string): void {
    this.held.delete(key);
  }

  /** The oldest stand first: whatever comes after the first that is good is good, too. */
  private sweep(): void {
    const now = performance.now();
    for (const [key, { until }] of this.held) {
      if (until > now) return;
      this.held.delete(key);
    }
    clearInterval(this.sweeping);
    this.sweeping = undefined;
  }
}
