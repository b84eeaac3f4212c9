import { ApiProperty } from '@nestjs/swagger';
import {
  CLIENT_STATUSES,
  GENDERS,
  type Address,
  type Client,
  type ClientStatus,
  type Consents,
  type Gender,
} from '../../canonical/client';
import { DateField, MayBeAbsent, OneOf, PhoneField, SomeOf, Text } from '../../platform/http/fields';
import { PageDto } from '../../platform/http/paging.dto';
import { NamedRecordsQuery, RecordDto } from '../record.dto';

const SORTS = ['lastName', '-lastName', 'updatedAt', '-updatedAt'] as const;

export class AddressDto implements Address {
  /** @example "16 Carmen Village" */
  line1: string | null;
  /** @example "Lake" */
  line2: string | null;
  /** @example null */
  line3: string | null;
  /** @example "South Holly" */
  city: string | null;
  /** @example "Derbyshire" */
  region: string | null;
  /** @example "CW11 5SY" */
  postalCode: string | null;
  /**
   * ISO 3166-1 alpha-2 where it can be told, else the vendor's word.
   * @example "GB"
   */
  country: string | null;
  /**
   * The whole address in one text, where the vendor keeps it so.
   * @example null
   */
  formatted: string | null;
}

export class ConsentsDto implements Consents {
  /** @example true */
  smsReminders: boolean | null;
  /** @example true */
  emailReminders: boolean | null;
  /** @example false */
  smsMarketing: boolean | null;
  /** @example null */
  emailMarketing: boolean | null;
}

export class ClientDto extends RecordDto implements Client {
  /** @example "Lisa" */
  firstName: string | null;
  /** @example "Wright" */
  lastName: string | null;
  /** @example "Lisa Wright" */
  fullName: string | null;
  /** @example "lisa@example.com" */
  email: string | null;
  /**
   * E.164.
   * @example "+447123123456"
   */
  phone: string | null;
  /**
   * As the vendor holds it.
   * @example 07123123456
   */
  phoneRaw: string | null;
  /** @example "1990-05-16" */
  birthDate: string | null;
  @ApiProperty({ enum: [...GENDERS], enumName: 'Gender', nullable: true, example: null })
  gender: Gender | null;
  /**
   * BCP 47.
   * @example "en"
   */
  language: string | null;
  address: AddressDto | null;
  /** @example null */
  notes: string | null;
  consents: ConsentsDto;
  @ApiProperty({ enum: [...CLIENT_STATUSES], enumName: 'ClientStatus' })
  status: ClientStatus;
}

export class ClientPageDto {
  data: ClientDto[];
  page: PageDto;
}

export class ClientsQuery extends NamedRecordsQuery {
  /**
   * Only clients with this e-mail address, whatever its case.
   * @example "lisa@example.com"
   */
  @MayBeAbsent()
  @Text({ max: 255 })
  email?: string;

  /**
   * Only clients with this phone number; the country's code leads it.
   * @example "+447123123456"
   */
  @MayBeAbsent()
  @PhoneField()
  phone?: string;

  /**
   * Only clients born that day.
   * @example "1990-05-16"
   */
  @MayBeAbsent()
  @DateField()
  birthDate?: string;

  /** Only clients that stand so; `archived` needs no `includeDeleted`. */
  @MayBeAbsent()
  @SomeOf(CLIENT_STATUSES)
  status?: string[];

  /** The order; `updatedAt` is `changedAt`, the gateway's own time of the last change. */
  @MayBeAbsent()
  @OneOf(SORTS, 'ClientSort')
  sort?: string;

  /** `remote` adds the vendor's own record. */
  @MayBeAbsent()
  @SomeOf(['remote'])
  include?: 'remote'[];
}
