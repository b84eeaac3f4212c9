import { ArrayNotEmpty, IsArray, IsEmail, IsIn, IsNotEmpty, IsOptional, IsString } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { CommonSettings } from '../kit/config';

/** Who calls: Progenda gives each user a token that does not expire. */
export class ProgendaCredentials {
  @JSONSchema({ description: 'E-mail address of the Progenda user' })
  @IsEmail()
  userEmail: string;

  @JSONSchema({ description: "The user's API token", writeOnly: true, format: 'password' })
  @IsString()
  @IsNotEmpty()
  userToken: string;
}

/** Where a call carries its credentials. */
const CREDENTIALS_IN = ['query', 'header'] as const;

/** The common settings with Progenda's defaults, and which centers are read. */
export class ProgendaSettings extends CommonSettings {
  @JSONSchema({ description: "Progenda's API root", default: 'https://progenda.be/api/v2' })
  override baseUrl: string = 'https://progenda.be/api/v2';

  @JSONSchema({ description: 'IANA time zone of the centers', default: 'Europe/Brussels' })
  override timeZone: string = 'Europe/Brussels';

  @JSONSchema({ description: 'Country in which national phone numbers are read', default: 'BE' })
  override region: string = 'BE';

  @JSONSchema({
    description:
      'Where calls carry the credentials: in the query as documented, or as HTTP Basic, which is not documented and keeps them out of URLs',
    enum: [...CREDENTIALS_IN],
    default: 'query',
  })
  @IsIn(CREDENTIALS_IN)
  credentialsIn: (typeof CREDENTIALS_IN)[number] = 'query';

  @JSONSchema({ description: 'Centers to read, with their calendars; every center of the user if left out' })
  @IsOptional()
  @IsArray()
  @ArrayNotEmpty()
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  centerIds?: string[];
}

/** What a connection may be made with, for people who read the documentation. */
export const example = {
  credentials: { userEmail: 'desk@practice.example', userToken: 'a token' },
  settings: { centerIds: ['2'] },
};
