import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Requires, TheCaller } from '../platform/http/caller';
import { Cursors } from '../platform/http/cursor';
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
  listAuditEvents(
    @TheCaller() { tenantId }: Caller,
    @Query() { limit, cursor, ...filters }: AuditEventsQuery,
  ): Promise<Rendered> {
    return listedById(this.cursors, ['audit-events', tenantId, filters], { limit, cursor }, (page) =>
      this.audit.list(tenantId, filters, page),
    );
  }
}
