import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { listed, type Rendered } from '../platform/http/rendered';
import { Cursors } from '../platform/http/cursor';
import { DEFAULT_LIMIT } from '../platform/http/paging.dto';
import { Returns } from '../platform/http/returns';
import { Requires, TheCaller } from '../platform/http/caller';
import type { Caller } from '../platform/scopes';
import { MappingsService, type Mapping } from './mappings.service';
import { RemoteIdPageDto, RemoteIdsQuery } from './remote-ids.dto';

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
  async listRemoteIds(
    @TheCaller() { tenantId }: Caller,
    @Query() { limit = DEFAULT_LIMIT, cursor, ...filters }: RemoteIdsQuery,
  ): Promise<Rendered> {
    return this.page(
      [tenantId, filters],
      limit,
      await this.mappings.page(tenantId, filters, {
        after: this.cursors.read(listOf([tenantId, filters]), cursor)?.[0] ?? null,
        limit,
      }),
    );
  }

  private page(
    list: readonly unknown[],
    limit: number,
    { rows, more }: { rows: Mapping[]; more: boolean },
  ): Rendered {
    return listed(
      rows,
      limit,
      more ? this.cursors.write(listOf(list), [rows.at(-1)?.canonicalId ?? '']) : null,
    );
  }
}

const listOf = (list: readonly unknown[]): unknown => ['remote-ids', ...list];
