import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Requires } from '../platform/http/caller';
import { Cursors } from '../platform/http/cursor';
import { PagingQuery } from '../platform/http/paging.dto';
import { listedBy, type Rendered } from '../platform/http/rendered';
import { Returns } from '../platform/http/returns';
import { VendorPageDto, type VendorDto } from './vendors.dto';
import { VendorsService } from './vendors.service';

const listedByName = listedBy(({ vendor }: VendorDto) => vendor);

@ApiTags('Vendors and connections')
@Requires('read')
@Controller('v1/vendors')
export class VendorsController {
  constructor(
    private readonly vendors: VendorsService,
    private readonly cursors: Cursors,
  ) {}

  /**
   * Lists the vendors, what a connection to each needs, and what each can do.
   * @remarks `capabilities` is the matrix that every call is held to: what it does not promise is refused before the vendor is asked.
   */
  @Get()
  @Returns(VendorPageDto)
  listVendors(@Query() query: PagingQuery): Promise<Rendered> {
    return listedByName(this.cursors, 'vendors', query, (page) => this.vendors.list(page));
  }

  /** Reads a vendor. */
  @Get(':vendor')
  getVendor(@Param('vendor') name: string): VendorDto {
    return this.vendors.get(name);
  }
}
