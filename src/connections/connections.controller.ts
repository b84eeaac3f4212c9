import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Cursors } from '../platform/http/cursor';
import { IfMatch } from '../platform/http/etag';
import { PagingQuery } from '../platform/http/paging.dto';
import { PathId } from '../platform/http/path-id';
import {
  listedById,
  requireMatch,
  single,
  singleInMotion,
  singleMade,
  type Rendered,
} from '../platform/http/rendered';
import { Returns, ReturnsNothing } from '../platform/http/returns';
import { Requires, TheCaller } from '../platform/http/caller';
import type { Caller } from '../platform/scopes';
import {
  ConnectionDto,
  ConnectionPageDto,
  CreateConnectionDto,
  UpdateConnectionDto,
  type CheckResultDto,
} from './connections.dto';
import { ConnectionsService } from './connections.service';
import { SessionsService } from './sessions.service';

@ApiTags('Vendors and connections')
@Requires('manage')
@Controller('v1/connections')
export class ConnectionsController {
  constructor(
    private readonly connections: ConnectionsService,
    private readonly sessions: SessionsService,
    private readonly cursors: Cursors,
  ) {}

  /**
   * Connects a tenant to its account at a vendor.
   * @remarks `credentials` and `settings` are what the vendor's schemas in `GET /v1/vendors` say. The first sync starts at once, unless `settings.sync.enabled` is false.
   */
  @Post()
  @Returns(ConnectionDto, 201)
  async createConnection(
    @TheCaller() { tenantId }: Caller,
    @Body() body: CreateConnectionDto,
  ): Promise<Rendered> {
    return singleMade('/v1/connections', await this.connections.create(tenantId, body));
  }

  /** Lists the connections in the order in which they were made. */
  @Get()
  @Requires('read')
  @Returns(ConnectionPageDto)
  listConnections(@TheCaller() { tenantId }: Caller, @Query() query: PagingQuery): Promise<Rendered> {
    return listedById(this.cursors, ['connections', tenantId], query, (page) =>
      this.connections.list(tenantId, page),
    );
  }

  /** Reads a connection, its state and its warnings. */
  @Get(':connectionId')
  @Requires('read')
  @Returns(ConnectionDto)
  async getConnection(
    @TheCaller() { tenantId }: Caller,
    @Param('connectionId', PathId) id: string,
  ): Promise<Rendered> {
    return singleInMotion(await this.connections.get(tenantId, id));
  }

  /**
   * Changes a connection.
   * @remarks `settings` are merged key by key (null removes a key), `credentials` are replaced whole.
   */
  @Patch(':connectionId')
  @Returns(ConnectionDto)
  async updateConnection(
    @TheCaller() { tenantId }: Caller,
    @Param('connectionId', PathId) id: string,
    @Body() body: UpdateConnectionDto,
    @IfMatch() match?: string,
  ): Promise<Rendered> {
    return single(await this.connections.update(tenantId, id, body, requireMatch(match)));
  }

  /**
   * Removes a connection and every record mirrored from it.
   * @remarks Nothing is changed at the vendor. The ids of its records are gone for ever.
   */
  @Delete(':connectionId')
  @ReturnsNothing()
  deleteConnection(
    @TheCaller() { tenantId }: Caller,
    @Param('connectionId', PathId) id: string,
    @IfMatch() match?: string,
  ): Promise<void> {
    return this.connections.remove(tenantId, id, requireMatch(match));
  }

  /**
   * Calls the vendor with the stored credentials.
   * @remarks A refusal by the vendor is an answer (`ok: false` with the problem), not an error.
   */
  @Post(':connectionId/check')
  @HttpCode(200)
  checkConnection(
    @TheCaller() { tenantId }: Caller,
    @Param('connectionId', PathId) id: string,
  ): Promise<CheckResultDto> {
    return this.sessions.check(tenantId, id);
  }
}
