import { currentContext, type Context } from '../platform/context';
import type { Query } from '../platform/database/database';
import { Problem } from '../platform/http/problems';
import type { Logger } from '../platform/log';
import { AuditBuffer } from './audit-buffer';
import { eventOf, subjectOf, type AuditEntry } from './audit-entry';
import type { AuditFilters, AuditRepository, ShownAuditEvent } from './audit.repository';

const FLUSH_MS = 250;
const RETRY_MS = 1_000;
const AT_ONCE = 500;
/** The database takes nothing for that long: what cannot be audited is not served. */
const MOST_WAITING = 20_000;
/** Classes of PostgreSQL's errors that blame the values. */
const VALUE_AT_FAULT = /^2[23]/;

/** What a request that reads shows its caller. */
export interface ShownRecords {
  readonly resource: string;
  /** As they are stored, or sent. */
  readonly records: readonly string[];
  readonly connectionId: string | null;
  /** What was asked for: names are kept, values never. */
  readonly asked: object;
}
/** What is known of the request that is being served. */
export interface Noted {
  readonly shown?: ShownRecords;
  readonly recorded: ReadonlySet<AuditEntry['outcome']>;
}
interface Notes {
  shown?: ShownRecords;
  readonly recorded: Set<AuditEntry['outcome']>;
}
const NOTES = Symbol('audit');
/** A context with what was noted of it: a map of contexts would cost more than the audit. */
type NotedContext = Context & { [NOTES]?: Notes | undefined };

/**
 * The audit: one row for each operation on clients' data. What changes data records it in its own transaction (`record`).
 * Reads are written together a moment later (`later`), so that they cost no round trip: a process that is killed outright
 * loses the reads of its last quarter of a second, one that is stopped loses none.
 */
export class AuditService {
  private readonly buffer = new AuditBuffer();
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> | undefined;

  constructor(
    private readonly repository: AuditRepository,
    private readonly logger: Logger,
  ) {}

  /**
   * Records an operation in the transaction that carries it out: both happen or none. Called for refusals too, where
   * there is a transaction to call it in; any other refusal of an audited route is recorded when its answer goes out.
   */
  record(query: Query, entry: AuditEntry): Promise<void> {
    const { row, hour } = eventOf(entry, currentContext()?.requestId ?? null);
    const ids = new Set([...entry.resourceIds, ...(entry.clientIds ?? [])]);
    this.repository.insert(query, {
      events: [row],
      subjects: [...ids].map((id) => subjectOf(entry.tenantId, id, hour)),
    });
    notesOf(currentContext())?.recorded.add(entry.outcome);
    return Promise.resolve();
  }

  /** Records an operation whose records are known by names alone, the vendor's or ours: the clients among them are looked up. */
  async recordNamed(query: Query, entry: AuditEntry, names: readonly string[]): Promise<void> {
    const clientIds = await this.repository.clientsAmong(query, entry.connectionId, names);
    await this.record(query, { ...entry, clientIds });
  }

  /** Records an operation within a quarter of a second, together with others. */
  later(entry: AuditEntry): void {
    const context = currentContext();
    this.buffer.add(entry, context?.requestId ?? null);
    notesOf(context)?.recorded.add(entry.outcome);
    this.timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref();
  }

  /** Says what the request that is being served shows; it is recorded when the answer goes out. */
  shows(shown: ShownRecords): void {
    const notes = notesOf(currentContext());
    if (notes) notes.shown = shown;
  }

  /** What was said of a request, and recorded of it. */
  noted(context: NotedContext | undefined): Noted | undefined {
    return context?.[NOTES];
  }

  /** Refuses to go on where nothing can be recorded any more. */
  requireRoom(): void {
    if (this.buffer.size >= MOST_WAITING)
      throw new Problem('unavailable', 'Nothing can be recorded in the audit now', { retryAfterSeconds: 5 });
  }

  /** Stores what waits. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await (this.flushing ??= this.storeAll().finally(() => (this.flushing = undefined)));
  }

  /** Audit events as callers look at them, the newest first, and whether there are more. */
  async list(
    tenantId: string,
    filters: AuditFilters,
    { after, limit }: { after: string | null; limit: number },
  ): Promise<{ rows: ShownAuditEvent[]; more: boolean }> {
    const rows = await this.repository.page(tenantId, filters, { after, limit: limit + 1 });
    return { rows: rows.slice(0, limit), more: rows.length > limit };
  }

  private async storeAll(): Promise<void> {
    let most = AT_ONCE;
    while (this.buffer.size > 0) {
      const rows = this.buffer.oldest(most);
      try {
        await this.repository.insertAll(rows);
        this.buffer.drop(rows);
        most = AT_ONCE;
      } catch (error) {
        if (!VALUE_AT_FAULT.test((error as { code?: string }).code ?? '')) {
          this.tryAgain(error);
          return;
        }
        // One bad row must not hold up all others for ever: it is looked for, and told of.
        if (rows.events.length === 1) {
          this.logger.error({ err: error }, 'an audit event cannot be stored');
          this.buffer.drop(rows);
        }
        most = Math.ceil(rows.events.length / 2);
      }
    }
  }

  private tryAgain(error: unknown): void {
    this.logger.warn({ err: error, waiting: this.buffer.size }, 'audit events wait for the database');
    this.timer ??= setTimeout(() => void this.flush(), RETRY_MS).unref();
  }
}

function notesOf(context: NotedContext | undefined): Notes | undefined {
  if (context && !context[NOTES]) context[NOTES] = { recorded: new Set() };
  return context?.[NOTES];
}
