import type { Practitioner } from '../../canonical/practitioner';
import { Flag, MayBeAbsent } from '../../platform/http/fields';
import { PageDto } from '../../platform/http/paging.dto';
import { CatalogueQuery } from '../catalogue.dto';
import { RecordDto } from '../record.dto';

export class PractitionerDto extends RecordDto implements Practitioner<string> {
  /** @example "Joris" */
  firstName: string | null;
  /** @example "Van Hecke" */
  lastName: string | null;
  /** @example "Joris Van Hecke" */
  fullName: string | null;
  /** @example null */
  email: string | null;
  /**
   * E.164.
   * @example null
   */
  phone: string | null;
  /**
   * As the vendor holds it.
   * @example null
   */
  phoneRaw: string | null;
  /** @example "Physiotherapist" */
  title: string | null;
  /** @example ["surgeon_abdominal"] */
  specialties: string[];
  /**
   * Null where nothing is known of the record but its id.
   * @example true
   */
  active: boolean | null;
  /** @example ["019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a81"] */
  locationIds: string[];
}

export class PractitionerPageDto {
  data: PractitionerDto[];
  page: PageDto;
}

export class PractitionersQuery extends CatalogueQuery {
  /** Only those who can, or who can no longer, be booked. */
  @MayBeAbsent()
  @Flag()
  active?: boolean;
}
