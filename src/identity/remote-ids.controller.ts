import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Rendered } from '../platform/http/rendered';
import { Returns } from '../platform/http/returns';
import { Requires, TheCaller, type Caller } from '../platform/http/caller';
import { RemoteIdPageDto, RemoteIdsQuery } from './remote-ids.dto';
import { RemoteIdsService } from './remote-ids.service';

@ApiTags('Mapping')
@Requires('read')
@Controller('v1/remote-ids')
export class RemoteIdsController {
  constructor(private readonly remoteIds: RemoteIdsService) {}

  /**
   * Looks into the mapping table, from either side.
   * @remarks `remoteId` finds our id of a vendor's record, `canonicalId` the vendor's of ours.
   */
  @Get()
  @Returns(RemoteIdPageDto)
  listRemoteIds(@TheCaller() { tenantId }: Caller, @Query() query: RemoteIdsQuery): Promise<Rendered> {
    return this.remoteIds.list(tenantId, query);
  }
}
