import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Requires } from '../platform/http/caller';
import type { VendorDto, VendorListDto } from './vendors.dto';
import { VendorsService } from './vendors.service';

@ApiTags('Vendors and connections')
@Requires('read')
@Controller('v1/vendors')
export class VendorsController {
  constructor(private readonly vendors: VendorsService) {}

  /**
   * Lists the vendors, what a connection to each needs, and what each can do.
   * @remarks `capabilities` is the matrix that every call is held to: what it does not promise is refused before the vendor is asked.
   */
  @Get()
  listVendors(): VendorListDto {
    return { data: [...this.vendors.list()] };
  }

  /** Reads a vendor. */
  @Get(':vendor')
  getVendor(@Param('vendor') name: string): VendorDto {
    return this.vendors.get(name);
  }
}
