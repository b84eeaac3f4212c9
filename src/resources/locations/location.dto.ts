import type { Location } from '../../canonical/location';
import type { PageDto } from '../../platform/http/paging.dto';
import type { AddressDto } from '../clients/client.dto';
import { RecordDto } from '../record.dto';

export class LocationDto extends RecordDto implements Location {
  /** @example "Main practice" */
  name: string | null;
  /** @example null */
  description: string | null;
  address: AddressDto | null;
  /**
   * IANA name.
   * @example "Europe/London"
   */
  timeZone: string | null;
  /**
   * E.164.
   * @example null
   */
  phone: string | null;
}

export class LocationPageDto {
  data: LocationDto[];
  page: PageDto;
}
