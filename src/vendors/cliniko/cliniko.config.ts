import { Type } from 'class-transformer';
import { IsDefined, IsEmail, IsObject, Matches, MaxLength, ValidateNested } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { CommonSettings } from '../kit/config';

/** What Cliniko takes as proof: the key of one of the clinic's users, with that user's rights. */
export class ClinikoCredentials {
  @JSONSchema({
    description: "API key of a Cliniko user, as shown there; its last part names the account's shard (…-au1)",
    writeOnly: true,
    format: 'password',
  })
  @MaxLength(500)
  @Matches(/^[!-9;-~]+$/, { message: 'apiKey must be printable ASCII without spaces and colons' })
  apiKey: string;
}

/** Who calls: Cliniko may block callers whose `User-Agent` does not name them. */
export class ClinikoUserAgent {
  @JSONSchema({ description: 'Name of the application that calls Cliniko' })
  @MaxLength(100)
  @Matches(/^(?! )[ -'*-~]+(?<! )$/, { message: 'name must be printable ASCII without parentheses' })
  name: string;

  @JSONSchema({ description: 'Address under which Cliniko reaches whoever runs the application' })
  @IsEmail({ allow_utf8_local_part: false })
  @Matches(/^[^\s()"]+$/, { message: 'email must hold no spaces, quotes or parentheses' })
  email: string;
}

/** A Cliniko connection's settings; `baseUrl` follows from the key's shard where it is left out. */
export class ClinikoSettings extends CommonSettings {
  @JSONSchema({
    description: 'IANA time zone of the clinic, for businesses that name none',
    default: 'Australia/Sydney',
  })
  override timeZone: string = 'Australia/Sydney';

  @JSONSchema({
    description: 'ISO 3166-1 alpha-2 country in which national phone numbers are read',
    default: 'AU',
  })
  override region: string = 'AU';

  @JSONSchema({ description: 'Sent as `User-Agent: NAME (EMAIL)`, which Cliniko requires' })
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => ClinikoUserAgent)
  userAgent: ClinikoUserAgent;
}

const DEFAULT_SHARD = 'au1';

/**
 * The API root of the account that a key belongs to: the shard is what follows the key's last `-`. Matched whole, because
 * Cliniko's own pattern is not anchored and would let a crafted key name the host.
 * https://docs.api.cliniko.com/guides/urls
 */
export function baseUrlOf(apiKey: unknown): string {
  const shard = typeof apiKey === 'string' ? /-([a-z]{2}\d{1,2})$/.exec(apiKey)?.[1] : undefined;
  return `https://api.${shard ?? DEFAULT_SHARD}.cliniko.com/v1`;
}

/** What a connection may be made with, for people who read the documentation. */
export const example = {
  credentials: { apiKey: 'a-key-au1' },
  settings: { userAgent: { name: 'Booking site', email: 'support@practice.example' } },
};
