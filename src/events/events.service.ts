import type { Database } from '../platform/database/database';
import { EVENT_COLUMNS, eventText, type StoredEvent } from './event-text';

/** Which events a reader wants; what is left out is not asked about. */
export interface EventFilters {
  readonly type?: readonly string[] | undefined;
  readonly resource?: readonly string[] | undefined;
  readonly connectionId?: readonly string[] | undefined;
}
/** A page of the feed, each event written already. */
export interface EventPage {
  readonly events: readonly string[];
  /** Whether there is more behind this page now. */
  readonly more: boolean;
  /** The place that the reader has come to: whatever happens later lies behind it. */
  readonly reached: number;
}
type Row = StoredEvent & Record<string, unknown>;

const PAGE = `select ${EVENT_COLUMNS} from events v
  where v.tenant_id = $1 and v.seq > $2 and ($3::text[] is null or v.type = any($3))
    and ($4::text[] is null or v.resource = any($4)) and ($5::uuid[] is null or v.connection_id = any($5))
  order by v.seq limit $6`;

/** The change feed as callers read it. The database's triggers write it, in the transaction of each change. */
export class EventsService {
  constructor(private readonly database: Database) {}

  /**
   * The events behind `after`, the oldest first; null is the place where the feed stands now. A place older than what is
   * kept goes on with the oldest that is.
   */
  async page(
    tenantId: string,
    { type, resource, connectionId }: EventFilters,
    { after, limit }: { after: number | null; limit: number },
  ): Promise<EventPage> {
    const [[last], rows] = await this.database.inTenant(tenantId, (query) =>
      Promise.all([
        // Asked first: whatever stands before this place is in sight of the page, whether the page wants it or not.
        query<{ seq: number }>({
          name: 'events_last',
          text: 'select seq from events where tenant_id = $1 order by seq desc limit 1',
          values: [tenantId],
        }),
        query<Row>({
          name: 'events_page',
          text: PAGE,
          values: [
            tenantId,
            after ?? Number.MAX_SAFE_INTEGER,
            type ?? null,
            resource ?? null,
            connectionId ?? null,
            limit + 1,
          ],
        }),
      ]),
    );
    const shown = rows.slice(0, limit);
    const more = rows.length > limit;
    const seen = shown.at(-1)?.seq ?? after ?? 0;
    return { events: shown.map(eventText), more, reached: more ? seen : Math.max(seen, last?.seq ?? 0) };
  }
}
