import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { listedBy, type Rendered } from '../platform/http/rendered';
import { Cursors } from '../platform/http/cursor';
import { Returns } from '../platform/http/returns';
import { Requires, TheCaller } from '../platform/http/caller';
import type { Caller } from '../platform/scopes';
import { MappingsService, type Mapping } from './mappings.service';
import { RemoteIdPageDto, RemoteIdsQuery } from './remote-ids.dto';

const listedByOurs = listedBy(({ canonicalId }: Mapping) => canonicalId);

@ApiTags('Mapping')
@Requires('read')
@Controller('v1/remote-ids')
export class RemoteIdsController {
  constructor(
    private readonly mappings: MappingsService,
    private readonly cursors: Cursors,
  ) {}

  /**
   * Looks into the mapping table, from either side.
   * @remarks `remoteId` finds our id of a vendor's record, `canonicalId` the vendor's of ours.
   */
  @Get()
  @Returns(RemoteIdPageDto)
  listRemoteIds(
    @TheCaller() { tenantId }: Caller,
    @Query() { limit, cursor, ...filters }: RemoteIdsQuery,
  ): Promise<Rendered> {
    return listedByOurs(this.cursors, ['remote-ids', tenantId, filters], { limit, cursor }, (page) =>
      this.mappings.page(tenantId, filters, page),
    );
  }
}
