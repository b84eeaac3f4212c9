import {
  ArrayMaxSize,
  ArrayNotEmpty,
  IsArray,
  IsBoolean,
  IsNotEmpty,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  ValidateBy,
  ValidateIf,
  type ValidationArguments,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { CommonSettings, IsVendorUrl } from '../kit/config';

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;
const hasToken = (given: object): boolean => isGiven((given as PexipCredentials).token);
const lacksToken = (given: object): boolean => !hasToken(given);

/** The rule over the whole of the credentials: a token comes without a client, so that nobody wonders which of them counts. */
const StandsAlone = (): PropertyDecorator =>
  ValidateBy({
    name: 'standsAlone',
    validator: {
      validate: (_token: unknown, args?: ValidationArguments) => {
        const { clientId, clientSecret } = args?.object as PexipCredentials;
        return !isGiven(clientId) && !isGiven(clientSecret);
      },
      defaultMessage: () => 'give either clientId and clientSecret, or token, not both',
    },
  });

/** What Pexip Engage takes as proof: an OAuth 2 client (a token is fetched and renewed), or a token that somebody else keeps fresh. */
@JSONSchema({
  oneOf: [
    { required: ['clientId', 'clientSecret'], not: { required: ['token'] } },
    { required: ['token'], not: { anyOf: [{ required: ['clientId'] }, { required: ['clientSecret'] }] } },
  ],
})
export class PexipCredentials {
  @JSONSchema({ description: 'OAuth 2 client id' })
  @ValidateIf(lacksToken)
  @IsString()
  @IsNotEmpty()
  @MaxLength(500)
  clientId?: string;

  @JSONSchema({ description: 'OAuth 2 client secret', writeOnly: true, format: 'password' })
  @ValidateIf(lacksToken)
  @IsString()
  @IsNotEmpty()
  @MaxLength(500)
  clientSecret?: string;

  @JSONSchema({
    description: 'A bearer token in place of a client; the gateway cannot renew it',
    writeOnly: true,
    format: 'password',
  })
  @ValidateIf(hasToken)
  @MaxLength(10_000)
  @Matches(/^[!-~]+$/, { message: 'token must be printable ASCII without spaces' })
  @StandsAlone()
  token?: string;
}

/** What reading and writing needs. Whatever may be written may be read. */
const SCOPES = [
  'engage:appointments:readWrite',
  'engage:customers:readWrite',
  'engage:employees:readOnly',
  'engage:offices:readOnly',
  'engage:subjects:readOnly',
];

/** A Pexip Engage connection's settings: one enterprise of one of its servers. */
export class PexipSettings extends CommonSettings {
  @JSONSchema({
    description:
      "Pexip Engage's API root without the enterprise; the staging and development servers are its own too",
    default: 'https://api.pexipengage.com',
  })
  override baseUrl: string = 'https://api.pexipengage.com';

  @JSONSchema({
    description: 'IANA time zone of the enterprise, for offices that name none',
    default: 'Europe/Brussels',
  })
  override timeZone: string = 'Europe/Brussels';

  @JSONSchema({
    description: 'ISO 3166-1 alpha-2 country in which national phone numbers are read',
    default: 'BE',
  })
  override region: string = 'BE';

  @JSONSchema({ description: 'The enterprise, as it stands in the path of every call and in the token URL' })
  @MaxLength(100)
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._~-]*$/, { message: 'enterprise must be one segment of a path' })
  enterprise: string;

  @JSONSchema({
    description: "The whole token URL; left out: the enterprise's realm on the API server's sibling",
  })
  @IsOptional()
  @IsVendorUrl()
  authUrl?: string;

  @JSONSchema({
    description: 'Language in which names are asked for, where the enterprise has them in several',
    default: 'en',
  })
  @Matches(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, { message: 'language must be a language tag' })
  language: string = 'en';

  @JSONSchema({
    description:
      'OAuth 2 scopes that a token is asked for: it has no others, and a client is refused one that it was not given',
    default: SCOPES,
  })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayMaxSize(40)
  @Matches(/^[!#-[\]-~]+$/, {
    each: true,
    message: 'each scope must be printable ASCII without spaces and quotes',
  })
  scopes: string[] = [...SCOPES];

  @JSONSchema({
    description:
      'Whether actions that no public page documents are used: cancel, complete, no-show; making and deleting customers',
    default: false,
  })
  @IsBoolean()
  undocumentedActions: boolean = false;
}

/** The root of every call: the enterprise is a part of the path. */
export const apiRootOf = ({ baseUrl, enterprise }: PexipSettings): string =>
  `${baseUrl.replace(/\/+$/, '')}/enterprises/${encodeURIComponent(enterprise)}`;

/**
 * Where tokens come from. Documented for production and development; staging by analogy. A host that is none of the
 * vendor's has no sibling, so there it is production's unless `authUrl` says otherwise.
 */
export function tokenUrlOf({ authUrl, baseUrl, enterprise }: PexipSettings): string {
  if (isGiven(authUrl)) return authUrl as string;
  const stage =
    /^https:\/\/api(\.staging|\.development)\.pexipengage\.com(?:[/:]|$)/.exec(baseUrl)?.[1] ?? '';
  const realm = encodeURIComponent(enterprise);
  return `https://auth${stage}.pexipengage.com/realms/${realm}/protocol/openid-connect/token`;
}

/** What a connection may be made with, for people who read the documentation. */
export const example = {
  credentials: { clientId: 'a client', clientSecret: 'a secret' },
  settings: { enterprise: 'acme' },
};
