import { IsEmail, IsNotEmpty, IsObject, IsOptional, IsString, MaxLength, ValidateBy } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { APPOINTMENT_STATUSES, type AppointmentStatus } from '../../canonical/appointment';
import { CommonSettings } from '../kit/config';

const STATUS_ID = /^AS-\d{8}$/;

/** What a status map looks like, in JSON Schema (keys included, which the decorator's own type does not know). */
const STATUS_MAP_SCHEMA = {
  description:
    "What the practice's appointment statuses mean, by their ids; a status without an entry is read by its name",
  type: 'object' as const,
  propertyNames: { pattern: STATUS_ID.source },
  additionalProperties: { type: 'string' as const, enum: [...APPOINTMENT_STATUSES] },
  example: { 'AS-00000001': 'booked', 'AS-00000002': 'noshow' },
};

/** What is wrong with a status map, in words that name the entry; null where nothing is. */
function faultOf(map: unknown): string | null {
  if (typeof map !== 'object' || map === null) return 'must be an object';
  for (const [id, status] of Object.entries(map)) {
    if (!STATUS_ID.test(id))
      return `key "${id}" must be the id of an appointment status, such as AS-00000001`;
    if (!APPOINTMENT_STATUSES.some((known) => known === status))
      return `entry "${id}" must be one of ${APPOINTMENT_STATUSES.join(', ')}`;
  }
  return null;
}

/** Holds a status map to the vendor's ids on the left and the canonical words on the right. */
const IsStatusMap = (): PropertyDecorator =>
  ValidateBy({
    name: 'isStatusMap',
    validator: {
      validate: (value: unknown) => faultOf(value) === null,
      defaultMessage: (given) =>
        `${given?.property ?? 'statusMap'}: ${faultOf(given?.value) ?? 'is invalid'}`,
    },
  });

/** The user whose organisation the connection reads: Penga knows no API keys, only log-ins. */
export class PengaCredentials {
  @JSONSchema({ description: 'E-mail address of the Penga user that the gateway logs in as' })
  @IsEmail()
  @MaxLength(255)
  email: string;

  @JSONSchema({ description: 'Password of that user', writeOnly: true, format: 'password' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(20)
  password: string;
}

/** What a Penga connection needs beside its credentials. */
export class PengaSettings extends CommonSettings {
  @JSONSchema({ description: "Penga's API root", default: 'https://api.penga.uk' })
  override baseUrl: string = 'https://api.penga.uk';

  @JSONSchema({ description: 'IANA time zone of the practice: Penga names none', default: 'Europe/London' })
  override timeZone: string = 'Europe/London';

  @JSONSchema({
    description: 'ISO 3166-1 alpha-2 country in which national phone numbers are read',
    default: 'GB',
  })
  override region: string = 'GB';

  @JSONSchema(() => STATUS_MAP_SCHEMA) // a function replaces what the validators would say: a reference to `Object`
  @IsOptional()
  @IsObject()
  @IsStatusMap()
  statusMap?: Readonly<Record<string, AppointmentStatus>>;
}

/** What a connection may be made with, for people who read the documentation. */
export const example = {
  credentials: { email: 'owner@practice.example', password: 'a password' },
  settings: { statusMap: { 'AS-00000001': 'booked', 'AS-00000002': 'noshow' } },
};
