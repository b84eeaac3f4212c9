import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Requires, TheCaller } from '../platform/http/caller';
import { Cursors } from '../platform/http/cursor';
import { DEFAULT_LIMIT } from '../platform/http/paging.dto';
import { pageOf, type Rendered } from '../platform/http/rendered';
import { Returns } from '../platform/http/returns';
import type { Caller } from '../platform/scopes';
import { EventPageDto, EventsQuery } from './events.dto';
import { EventsService, type EventPage } from './events.service';

@ApiTags('Events and webhooks')
@Requires('read')
@Controller('v1/events')
export class EventsController {
  constructor(
    private readonly events: EventsService,
    private readonly cursors: Cursors,
  ) {}

  /**
   * Lists what has changed, the oldest first: each change that the gateway saw or made, once.
   * @remarks `page.nextCursor` leads through what there is now and is null at the end, as everywhere. `page.resumeCursor` is always there: keep it, and ask with it later for what has happened since. To start without a gap, take the `resumeCursor` of `from=now` first and read the lists then. `data` is the record as it was shown at that moment (`syncedAt` is null: being seen is no change); an event that has been shown never changes. Events are kept for a limited time (`EVENT_RETENTION_DAYS`, 30 by default); a cursor that is older goes on with the oldest kept. Removing a connection removes its events with its records.
   */
  @Get()
  @Returns(EventPageDto)
  async listEvents(
    @TheCaller() { tenantId }: Caller,
    @Query() { limit = DEFAULT_LIMIT, cursor, from, ...filters }: EventsQuery,
  ): Promise<Rendered> {
    return this.page(
      ['events', tenantId, filters],
      limit,
      await this.events.page(tenantId, filters, {
        after: placeOf(this.cursors.read(['events', tenantId, filters], cursor), from),
        limit,
      }),
    );
  }

  private page(list: unknown, limit: number, page: EventPage): Rendered {
    return rendered(limit, page, this.cursors.write(list, [String(page.reached)]));
  }
}

function rendered(limit: number, { events, more }: EventPage, resumeCursor: string): Rendered {
  const nextCursor = more ? resumeCursor : null;
  return pageOf(events, { limit, nextCursor, resumeCursor });
}

const placeOf = (position: readonly string[] | null, from: string | undefined): number | null =>
  position ? Number(position[0]) : from === 'now' ? null : 0;
