import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Cursors } from '../platform/http/cursor';
import { PagingQuery } from '../platform/http/paging.dto';
import { PathId } from '../platform/http/path-id';
import { listedById, Rendered } from '../platform/http/rendered';
import { Returns } from '../platform/http/returns';
import { Requires, TheCaller } from '../platform/http/caller';
import type { Caller } from '../platform/scopes';
import { RequestSyncDto, SyncDto, SyncPageDto } from './syncs.dto';
import { SyncsService, type ShownSync } from './syncs.service';

@ApiTags('Vendors and connections')
@Requires('manage')
@Controller('v1/connections/:connectionId/syncs')
export class SyncsController {
  constructor(
    private readonly syncs: SyncsService,
    private readonly cursors: Cursors,
  ) {}

  /**
   * Starts a sync in the background.
   * @remarks `Location` names the sync to look at. A sync that waits already takes on what is asked of this one. Deletions of more than a tenth of a resource wait for a full sync with `force`.
   */
  @Post()
  @Returns(SyncDto, 202)
  async requestSync(
    @TheCaller() { tenantId }: Caller,
    @Param('connectionId', PathId) connectionId: string,
    @Body() body: RequestSyncDto,
  ): Promise<Rendered> {
    return located(await this.syncs.request(tenantId, connectionId, body));
  }

  /** Lists a connection's syncs, the newest first. */
  @Get()
  @Requires('read')
  @Returns(SyncPageDto)
  listSyncs(
    @TheCaller() { tenantId }: Caller,
    @Param('connectionId', PathId) connectionId: string,
    @Query() query: PagingQuery,
  ): Promise<Rendered> {
    return listedById(this.cursors, ['syncs', tenantId, connectionId], query, ({ after, limit }) =>
      this.syncs.list(tenantId, connectionId, { before: after, limit }),
    );
  }

  /** Reads a sync: how far it is, what it met, what it set aside. */
  @Get(':syncId')
  @Requires('read')
  getSync(
    @TheCaller() { tenantId }: Caller,
    @Param('connectionId', PathId) connectionId: string,
    @Param('syncId', PathId) id: string,
  ): Promise<SyncDto> {
    return this.syncs.get(tenantId, connectionId, id);
  }
}

/** A sync and where it is looked at: a part of the answer, so that it comes with the first answer given again, too. */
const located = (sync: ShownSync): Rendered =>
  new Rendered(JSON.stringify(sync), {
    headers: { location: `/v1/connections/${sync.connectionId}/syncs/${sync.id}` },
  });
