import { Body, Controller, Delete, Get, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { PathId } from '../platform/http/path-id';
import { ReturnsNothing } from '../platform/http/returns';
import { ApiKeysService } from './api-keys.service';
import { Requires } from '../platform/http/caller';
import { CreateApiKeyDto, type ApiKeyListDto, type NewApiKeyDto } from './tenants.dto';

@ApiTags('Operator')
@Requires('operator')
@Controller('v1/tenants/:tenantId/api-keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeysService) {}

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

  /** Lists a tenant's keys, revoked ones too. */
  @Get()
  async listApiKeys(@Param('tenantId', PathId) tenantId: string): Promise<ApiKeyListDto> {
    return { data: await this.keys.list(tenantId) };
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
