import { OmitType, PartialType } from '@nestjs/swagger';
import { GENDERS, type Gender } from '../../canonical/client';
import {
  DateField,
  Email,
  Flag,
  Id,
  LanguageTag,
  MayBeAbsent,
  MayBeNull,
  OneOf,
  Part,
  Switch,
  Text,
} from '../../platform/http/fields';

export class WriteAddressDto {
  /** @example "16 Carmen Village" */
  @MayBeNull()
  @Text()
  line1?: string | null;

  @MayBeNull()
  @Text()
  line2?: string | null;

  @MayBeNull()
  @Text()
  line3?: string | null;

  /** @example "South Holly" */
  @MayBeNull()
  @Text()
  city?: string | null;

  @MayBeNull()
  @Text()
  region?: string | null;

  /** @example "CW11 5SY" */
  @MayBeNull()
  @Text({ max: 40 })
  postalCode?: string | null;

  /**
   * ISO 3166-1 alpha-2.
   * @example "GB"
   */
  @MayBeNull()
  @Text({ max: 100 })
  country?: string | null;

  /** The whole address in one text, for a vendor that keeps it so. */
  @MayBeNull()
  @Text({ max: 1000 })
  formatted?: string | null;
}

export class WriteConsentsDto {
  @MayBeNull()
  @Switch()
  smsReminders?: boolean | null;

  @MayBeNull()
  @Switch()
  emailReminders?: boolean | null;

  @MayBeNull()
  @Switch()
  smsMarketing?: boolean | null;

  @MayBeNull()
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
  @MayBeNull()
  @Id()
  locationId?: string | null;

  /** @example "Lisa" */
  @MayBeNull()
  @Text()
  firstName?: string | null;

  /** @example "Wright" */
  @MayBeNull()
  @Text()
  lastName?: string | null;

  /** Only for a vendor that keeps it apart from first and last name. */
  @MayBeNull()
  @Text()
  fullName?: string | null;

  /** @example "lisa@example.com" */
  @MayBeNull()
  @Email()
  email?: string | null;

  /**
   * E.164, or as it is dialled in the connection's region.
   * @example "+447123123456"
   */
  @MayBeNull()
  @Text({ max: 40 })
  phone?: string | null;

  /** Only for a vendor that keeps it apart from `phone`. */
  @MayBeNull()
  @Text({ max: 40 })
  phoneRaw?: string | null;

  /** @example "1990-05-16" */
  @MayBeNull()
  @DateField()
  birthDate?: string | null;

  @MayBeNull()
  @OneOf(GENDERS, 'Gender')
  gender?: Gender | null;

  /**
   * BCP 47.
   * @example "en"
   */
  @MayBeNull()
  @LanguageTag()
  language?: string | null;

  /** Replaces the address whole. */
  @MayBeNull()
  @Part(WriteAddressDto)
  address?: WriteAddressDto | null;

  @MayBeNull()
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
  @MayBeNull()
  @Text({ max: 255 })
  externalId?: string | null;
}

/** What a change names; null clears, what is absent stays. */
export class UpdateClientDto extends PartialType(OmitType(CreateClientDto, ['connectionId', 'locationId']), {
  skipNullProperties: false,
}) {}

/** How a client is deleted. */
export class EraseQuery {
  /** Erase all that the gateway holds of the client, and leave the vendor alone. */
  @MayBeAbsent()
  @Flag()
  erase?: boolean;
}
