import { OmitType, PartialType } from '@nestjs/swagger';
import { GENDERS, type Gender } from '../../canonical/client';
import {
  DateField,
  Email,
  Flag,
  Id,
  LanguageTag,
  MayBeAbsent,
  OneOf,
  Part,
  Switch,
  Text,
} from '../../platform/http/fields';

export class WriteAddressDto {
  /** @example "16 Carmen Village" */
  @MayBeAbsent()
  @Text()
  line1?: string | null;

  @MayBeAbsent()
  @Text()
  line2?: string | null;

  @MayBeAbsent()
  @Text()
  line3?: string | null;

  /** @example "South Holly" */
  @MayBeAbsent()
  @Text()
  city?: string | null;

  @MayBeAbsent()
  @Text()
  region?: string | null;

  /** @example "CW11 5SY" */
  @MayBeAbsent()
  @Text({ max: 40 })
  postalCode?: string | null;

  /**
   * ISO 3166-1 alpha-2.
   * @example "GB"
   */
  @MayBeAbsent()
  @Text({ max: 100 })
  country?: string | null;

  /** The whole address in one text, for a vendor that keeps it so. */
  @MayBeAbsent()
  @Text({ max: 1000 })
  formatted?: string | null;
}

export class WriteConsentsDto {
  @MayBeAbsent()
  @Switch()
  smsReminders?: boolean | null;

  @MayBeAbsent()
  @Switch()
  emailReminders?: boolean | null;

  @MayBeAbsent()
  @Switch()
  smsMarketing?: boolean | null;

  @MayBeAbsent()
  @Switch()
  emailMarketing?: boolean | null;
}

export class CreateClientDto {
  /**
   * The connection at whose vendor the client is made.
   * @example "019a9c3e-7c1f-7d5a-b0a3-6f3f0f0d9a21"
   */
  @Id()
  connectionId: string;

  /** Where the client belongs, at a vendor that keeps clients by location; needed there when it has more than one. */
  @MayBeAbsent()
  @Id()
  locationId?: string | null;

  /** @example "Lisa" */
  @MayBeAbsent()
  @Text()
  firstName?: string | null;

  /** @example "Wright" */
  @MayBeAbsent()
  @Text()
  lastName?: string | null;

  /** Only for a vendor that keeps it apart from first and last name. */
  @MayBeAbsent()
  @Text()
  fullName?: string | null;

  /** @example "lisa@example.com" */
  @MayBeAbsent()
  @Email()
  email?: string | null;

  /**
   * E.164, or as it is dialled in the connection's region.
   * @example "+447123123456"
   */
  @MayBeAbsent()
  @Text({ max: 40 })
  phone?: string | null;

  /** Only for a vendor that keeps it apart from `phone`. */
  @MayBeAbsent()
  @Text({ max: 40 })
  phoneRaw?: string | null;

  /** @example "1990-05-16" */
  @MayBeAbsent()
  @DateField()
  birthDate?: string | null;

  @MayBeAbsent()
  @OneOf(GENDERS, 'Gender')
  gender?: Gender | null;

  /**
   * BCP 47.
   * @example "en"
   */
  @MayBeAbsent()
  @LanguageTag()
  language?: string | null;

  /** Replaces the address whole. */
  @MayBeAbsent()
  @Part(WriteAddressDto)
  address?: WriteAddressDto | null;

  @MayBeAbsent()
  @Text({ max: 20_000 })
  notes?: string | null;

  /** Those that are left out stay as they are. */
  @MayBeAbsent()
  @Part(WriteConsentsDto)
  consents?: WriteConsentsDto;

  /**
   * Your own id for the record: unique among your clients.
   * @example "patient-4711"
   */
  @MayBeAbsent()
  @Text({ max: 255 })
  externalId?: string | null;
}

/** What a change names; null clears, what is absent stays. */
export class UpdateClientDto extends PartialType(OmitType(CreateClientDto, ['connectionId', 'locationId'])) {}

/** How a client is deleted. */
export class EraseQuery {
  /** Erase all that the gateway holds of the client, and leave the vendor alone. */
  @MayBeAbsent()
  @Flag()
  erase?: boolean;
}
