import { AsyncLocalStorage } from 'node:async_hooks';
import type { Statement } from './database/pipeline';

/** Time that goes by in several things at once: where they overlap it counts once, so that a part is never longer than the whole. */
export class Elapsed {
  /** Apart from each other, in the order of their ends. */
  private readonly spans: { readonly from: number; readonly to: number }[] = [];

  /** Adds what has just ended. */
  add(durationMs: number, to: number = performance.now()): void {
    let from = to - durationMs;
    for (let last = this.spans.at(-1); last && last.to >= from; last = this.spans.at(-1)) {
      from = Math.min(from, last.from);
      this.spans.pop();
    }
    this.spans.push({ from, to });
  }

  get ms(): number {
    return this.spans.reduce((sum, { from, to }) => sum + to - from, 0);
  }
}

/** What is known of the request, or the job, that is being served. */
export interface Context {
  readonly requestId: string;
  readonly traceparent?: string | undefined;
  /** Time and number of calls spent at the vendor and in the database: `Server-Timing` tells them apart. */
  readonly spent: { readonly vendor: Elapsed; vendorCalls: number; readonly database: Elapsed };
  /** What is written in the same transaction as whatever is changed. */
  readonly alongside?: { readonly statement: Statement | null };
}

const storage = new AsyncLocalStorage<Context>();

/** Runs `work` in a context of its own. */
export const withContext = <T>(context: Context, work: () => T): T => storage.run(context, work);

/** The context of the request being served; undefined outside of one. */
export const currentContext = (): Context | undefined => storage.getStore();

/**
 * Runs `work` so that a statement is part of each transaction in which it changes something; null, none any more. What it
 * leaves running behind itself does without.
 */
export async function withAlongside<T>(statement: Statement | null, work: () => Promise<T>): Promise<T> {
  const context = storage.getStore();
  if (!context) return work();
  const alongside = { statement };
  try {
    return await storage.run({ ...context, alongside }, work);
  } finally {
    alongside.statement = null;
  }
}

/** A context that has spent nothing yet. */
export const newContext = (requestId: string, traceparent?: string): Context => ({
  requestId,
  traceparent,
  spent: { vendor: new Elapsed(), vendorCalls: 0, database: new Elapsed() },
});
