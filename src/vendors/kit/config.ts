import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsInt,
  IsObject,
  IsISO31661Alpha2,
  IsOptional,
  IsTimeZone,
  IsUrl,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';

/** How far back and ahead appointments are kept. */
export class WindowSettings {
  @JSONSchema({ description: 'Days before today from which appointments are kept', default: 90 })
  @IsInt()
  @Min(0)
  @Max(3650)
  pastDays: number = 90;

  @JSONSchema({ description: 'Days after today until which appointments are kept', default: 365 })
  @IsInt()
  @Min(1)
  @Max(3650)
  futureDays: number = 365;
}

/** When the mirror is refreshed. */
export class SyncSettings {
  @JSONSchema({ description: 'Whether the gateway syncs by itself', default: true })
  @IsBoolean()
  enabled: boolean = true;

  @JSONSchema({ description: 'Seconds between two syncs', default: 300 })
  @IsInt()
  @Min(5)
  @Max(86_400)
  intervalSeconds: number = 300;
}

/** The local limit on calls to the vendor. */
export class RateLimitSettings {
  @JSONSchema({ description: 'Requests a minute that the gateway sends at most for this connection' })
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  requestsPerMinute: number;
}

/** A URL that calls go to: on a laptop without TLS, nowhere with a password, a query or a fragment. */
export const IsVendorUrl = (): PropertyDecorator =>
  IsUrl({
    protocols: ['http', 'https'],
    require_protocol: true,
    require_tld: false,
    disallow_auth: true,
    allow_query_components: false,
    allow_fragments: false,
  });

/** The settings that every vendor's connection has. A vendor's own class extends it and sets its defaults. */
export class CommonSettings {
  @JSONSchema({
    description:
      "The vendor's API root; another host than the vendor's own only where the operator allows it",
  })
  @IsVendorUrl()
  baseUrl: string;

  @JSONSchema({ description: "IANA time zone of the clinic, where the vendor's records name none" })
  @IsTimeZone()
  timeZone: string;

  @JSONSchema({ description: 'ISO 3166-1 alpha-2 country in which national phone numbers are read' })
  @IsISO31661Alpha2()
  region: string;

  @IsObject()
  @ValidateNested()
  @Type(() => WindowSettings)
  window: WindowSettings = new WindowSettings();

  @IsObject()
  @ValidateNested()
  @Type(() => SyncSettings)
  sync: SyncSettings = new SyncSettings();

  @IsOptional()
  @IsObject()
  @ValidateNested()
  @Type(() => RateLimitSettings)
  rateLimit?: RateLimitSettings;
}
