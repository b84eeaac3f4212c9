import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Requires, TheCaller } from '../platform/http/caller';
import { Cursors } from '../platform/http/cursor';
import { DEFAULT_LIMIT } from '../platform/http/paging.dto';
import { listedById, type Rendered } from '../platform/http/rendered';
import { Returns } from '../platform/http/returns';
import type { Caller } from '../platform/scopes';
import { AuditEventPageDto, AuditEventsQuery } from './audit.dto';
import { AuditService } from './audit.service';

@ApiTags('Audit')
@Requires('manage')
@Controller('v1/audit-events')
export class AuditController {
  constructor(
    private readonly audit: AuditService,
    private readonly cursors: Cursors,
  ) {}

  /**
   * Lists who read or changed which client's data, through which key: the newest first.
   * @remarks One event for each operation on clients and appointments, refused ones, passthrough and syncs included. Events are never changed. Reads appear within a second.
   */
  @Get()
  @Returns(AuditEventPageDto)
  async listAuditEvents(
    @TheCaller() { tenantId }: Caller,
    @Query() { limit = DEFAULT_LIMIT, cursor, ...filters }: AuditEventsQuery,
  ): Promise<Rendered> {
    return listedById(
      this.cursors,
      listOf([tenantId, filters]),
      limit,
      await this.audit.list(tenantId, filters, {
        after: this.cursors.read(listOf([tenantId, filters]), cursor)?.[0] ?? null,
        limit,
      }),
    );
  }
}

const listOf = (list: readonly unknown[]): unknown => ['audit-events', ...list];
