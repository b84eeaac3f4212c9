import { AsyncLocalStorage } from 'node:async_hooks';

/** What is known of the request, or the job, that is being served. */
export interface Context {
  readonly requestId: string;
  readonly traceparent?: string | undefined;
  /** Milliseconds and number of calls spent at the vendor and in the database: `Server-Timing` tells them apart. */
  readonly spent: { vendorMs: number; vendorCalls: number; databaseMs: number };
}

const storage = new AsyncLocalStorage<Context>();

/** Runs `work` in a context of its own. */
export const withContext = <T>(context: Context, work: () => T): T => storage.run(context, work);

/** The context of the request being served; undefined outside of one. */
export const currentContext = (): Context | undefined => storage.getStore();

/** A context that has spent nothing yet. */
export const newContext = (requestId: string, traceparent?: string): Context => ({
  requestId,
  traceparent,
  spent: { vendorMs: 0, vendorCalls: 0, databaseMs: 0 },
});
