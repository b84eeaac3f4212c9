import { Body, Controller, Delete, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Cursors } from '../platform/http/cursor';
import { IfMatch } from '../platform/http/etag';
import { PagingQuery } from '../platform/http/paging.dto';
import { PathId } from '../platform/http/path-id';
import { listedById, requireMatch, single, singleMade, type Rendered } from '../platform/http/rendered';
import { Returns, ReturnsNothing } from '../platform/http/returns';
import { Requires } from '../platform/http/caller';
import { CreateTenantDto, TenantDto, TenantPageDto, UpdateTenantDto } from './tenants.dto';
import { TenantsService } from './tenants.service';

@ApiTags('Operator')
@Requires('operator')
@Controller('v1/tenants')
export class TenantsController {
  constructor(
    private readonly tenants: TenantsService,
    private readonly cursors: Cursors,
  ) {}

  /** Makes a tenant. */
  @Post()
  @Returns(TenantDto, 201)
  async createTenant(@Body() body: CreateTenantDto): Promise<Rendered> {
    return singleMade('/v1/tenants', await this.tenants.create(body));
  }

  /** Lists the tenants in the order in which they were made. */
  @Get()
  @Returns(TenantPageDto)
  listTenants(@Query() query: PagingQuery): Promise<Rendered> {
    return listedById(this.cursors, 'tenants', query, (page) => this.tenants.list(page));
  }

  /** Reads a tenant. */
  @Get(':tenantId')
  @Returns(TenantDto)
  async getTenant(@Param('tenantId', PathId) id: string): Promise<Rendered> {
    return single(await this.tenants.get(id));
  }

  /** Changes a tenant's name or slug. */
  @Patch(':tenantId')
  @Returns(TenantDto)
  async updateTenant(
    @Param('tenantId', PathId) id: string,
    @Body() body: UpdateTenantDto,
    @IfMatch() match?: string,
  ): Promise<Rendered> {
    return single(await this.tenants.update(id, body, requireMatch(match)));
  }

  /**
   * Erases a tenant and all that is held of it.
   * @remarks Connections, keys and every mirrored record go with it; nothing is changed at the vendors.
   */
  @Delete(':tenantId')
  @ReturnsNothing()
  deleteTenant(@Param('tenantId', PathId) id: string, @IfMatch() match?: string): Promise<void> {
    return this.tenants.remove(id, requireMatch(match));
  }
}
