import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Cursors } from '../platform/http/cursor';
import { PagingQuery } from '../platform/http/paging.dto';
import { PathId } from '../platform/http/path-id';
import { listedById, type Rendered } from '../platform/http/rendered';
import { Returns, ReturnsNothing } from '../platform/http/returns';
import { ApiKeysService } from './api-keys.service';
import { Requires } from '../platform/http/caller';
import { ApiKeyPageDto, CreateApiKeyDto, type NewApiKeyDto } from './tenants.dto';

@ApiTags('Operator')
@Requires('operator')
@Controller('v1/tenants/:tenantId/api-keys')
export class ApiKeysController {
  constructor(
    private readonly keys: ApiKeysService,
    private readonly cursors: Cursors,
  ) {}

  /**
   * Makes an API key for a tenant.
   * @remarks The key is shown in this answer and never again: only its hash is kept.
   */
  @Post()
  createApiKey(
    @Param('tenantId', PathId) tenantId: string,
    @Body() body: CreateApiKeyDto,
  ): Promise<NewApiKeyDto> {
    return this.keys.create(tenantId, body);
  }

  /** Lists a tenant's keys in the order in which they were made, revoked ones too. */
  @Get()
  @Returns(ApiKeyPageDto)
  listApiKeys(@Param('tenantId', PathId) tenantId: string, @Query() query: PagingQuery): Promise<Rendered> {
    return listedById(this.cursors, ['api-keys', tenantId], query, (page) => this.keys.list(tenantId, page));
  }

  /** Revokes a key, within a second on every replica. */
  @Delete(':apiKeyId')
  @ReturnsNothing()
  revokeApiKey(
    @Param('tenantId', PathId) tenantId: string,
    @Param('apiKeyId', PathId) id: string,
  ): Promise<void> {
    return this.keys.revoke(tenantId, id);
  }
}
