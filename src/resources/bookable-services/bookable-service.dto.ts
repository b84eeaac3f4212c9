import type { Service } from '../../canonical/service';
import { Flag, MayBeAbsent } from '../../platform/http/fields';
import { PageDto } from '../../platform/http/paging.dto';
import { CatalogueQuery } from '../catalogue.dto';
import { RecordDto } from '../record.dto';

export class ServiceDto extends RecordDto implements Service<string> {
  /** @example "Consultation" */
  name: string | null;
  /** @example "Consultation Appointment" */
  description: string | null;
  /**
   * Null where the vendor does not say.
   * @example 30
   */
  durationMinutes: number | null;
  /** @example "#807dba" */
  color: string | null;
  /**
   * Null where nothing is known of the record but its id.
   * @example true
   */
  active: boolean | null;
  /**
   * Who offers it, where the vendor says.
   * @example []
   */
  practitionerIds: string[];
}

export class ServicePageDto {
  data: ServiceDto[];
  page: PageDto;
}

export class ServicesQuery extends CatalogueQuery {
  /** Only those that can, or that can no longer, be booked. */
  @MayBeAbsent()
  @Flag()
  active?: boolean;
}
