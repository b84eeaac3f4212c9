import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Requires } from '../platform/http/caller';
import { Cursors } from '../platform/http/cursor';
import { DEFAULT_LIMIT, PagingQuery } from '../platform/http/paging.dto';
import { listed, type Rendered } from '../platform/http/rendered';
import { Returns } from '../platform/http/returns';
import { VendorPageDto, type VendorDto } from './vendors.dto';
import { VendorsService } from './vendors.service';

const LIST = 'vendors';

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
  listVendors(@Query() { limit = DEFAULT_LIMIT, cursor }: PagingQuery): Rendered {
    return rendered(
      this.cursors,
      limit,
      this.vendors.list({ after: this.cursors.read(LIST, cursor)?.[0] ?? '', limit }),
    );
  }

  /** Reads a vendor. */
  @Get(':vendor')
  getVendor(@Param('vendor') name: string): VendorDto {
    return this.vendors.get(name);
  }
}

/** In the order of their names, which are what a cursor of this list holds. */
const rendered = (
  cursors: Cursors,
  limit: number,
  { rows, more }: { readonly rows: readonly VendorDto[]; readonly more: boolean },
): Rendered => listed(rows, limit, more ? cursors.write(LIST, [rows.at(-1)?.vendor ?? '']) : null);
