import { addressOrNull, type Address, type Consents } from '../../canonical/client';
import { ref } from '../../canonical/ids';
import { readPhone } from '../../canonical/phone';
import { email, fullName, idText, instantFromSeconds, required, text } from '../../canonical/values';
import type { Draft, Mapper } from '../contract';
import { atMost, Refusal } from '../kit/refusal';
import type { PengaSettings } from './penga.config';
import { consentsOf, flagsFor, flagText, isSame } from './tables';
import { MARKETING_FLAGS } from './wire';
import type { AddressBody, ClientBody, MarketingBody, MarketingChange, MarketingFlag } from './wire';
import type { WireAddress, WireClient, WireMarketingOptions } from './wire';

/** House number and street are two fields of Penga's and one line of everybody else's. */
export function addressOf(wire: WireAddress | null | undefined): Address | null {
  const line1 = [text(wire?.house_num_name), text(wire?.address_1)].filter((part) => part !== null).join(' ');
  return addressOrNull({
    line1: text(line1),
    line2: text(wire?.address_2),
    line3: text(wire?.address_3),
    city: text(wire?.town),
    region: text(wire?.county),
    postalCode: text(wire?.postcode),
    country: null, // Penga names none
    formatted: null, // Penga has none
  });
}

/** The bodies of a client's requests: the client, the address that it shall point at, and the flags that change. */
export interface ClientBodies {
  readonly client: ClientBody;
  readonly address?: AddressBody | null;
  readonly consents?: Partial<MarketingBody>;
}

const TEXT = 45;
const LONGEST_TERM = 25;

function upTo(length: number, value: string | null, field: string): string | null {
  const written = text(value);
  atMost(length, written, field);
  return written;
}

function nameOf(value: string | null, field: string): string {
  const name = upTo(TEXT, value, field);
  if (name === null) throw new Refusal('validation_failed', field, 'is needed here: no client is without it');
  return name;
}

/** Eleven digits as dialled in the United Kingdom; only a number that is read again as the same one is written. */
function mobileOf(phone: string | null, { region }: PengaSettings): string | null {
  if (phone === null) return null;
  const national = `0${phone.slice('+44'.length)}`;
  if (/^\+44\d{10}$/.test(phone) && readPhone(national, region).phone === phone) return national;
  throw new Refusal(
    'validation_failed',
    'phone',
    `must be a number of the United Kingdom with 11 digits (such as +447400123456), and settings.region one that reads it so (it is ${region}): nothing else fits here`,
  );
}

/** A line in the two fields that reading joins by a blank: a leading number apart, else as much as fits into the first. */
function houseAndStreet(line1: string): Pick<AddressBody, 'house_num_name' | 'address_1'> {
  const numbered = /^(\d+[a-z]?(?:[-/]\d+[a-z]?)?,?) (\S.*)$/i.exec(line1);
  const places = [numbered?.[1]?.length ?? line1.length, line1.length, line1.lastIndexOf(' ', TEXT)];
  for (const place of places) {
    const [house, street] = [line1.slice(0, place), line1.slice(place + 1)];
    const isReadAgain = street === '' || `${house.trim()} ${street.trim()}` === line1;
    if (place > 0 && house.length <= TEXT && street.length <= TEXT && isReadAgain)
      return { house_num_name: house, address_1: street === '' ? null : street };
  }
  throw new Refusal(
    'validation_failed',
    'address.line1',
    `must fit into two fields of ${String(TEXT)} characters here, cut at a blank`,
  );
}

function addressBody(address: Address | null): AddressBody | null {
  if (address === null || addressOrNull(address) === null) return null;
  const line1 = text(address.line1);
  if (line1 === null)
    throw new Refusal('validation_failed', 'address.line1', 'is needed here: no address is without it');
  return {
    ...houseAndStreet(line1),
    address_2: upTo(TEXT, address.line2, 'address.line2'),
    address_3: upTo(TEXT, address.line3, 'address.line3'),
    town: upTo(TEXT, address.city, 'address.city'),
    county: upTo(TEXT, address.region, 'address.region'),
    postcode: upTo(10, address.postalCode, 'address.postalCode'),
  };
}

/** What the record holds, in the words of a request: a change has to send all of it back, as it stands. */
export const wholeClient = (wire: WireClient) =>
  ({
    first_name: wire.first_name ?? '',
    last_name: wire.last_name ?? '',
    description: wire.description ?? null,
    email: wire.email ?? null,
    mobile: wire.mobile ?? null,
    address_id: wire.address ? idText(wire.address.external_id, 'address.external_id') : null,
  }) satisfies ClientBody;

/** Whether the record holds all that a create asks for, and nothing else; what it may be sent apart. */
export function isMade(wire: WireClient, { client, address }: ClientBodies): boolean {
  const { address_id, ...held } = wholeClient(wire);
  const isThere = JSON.stringify(addressOf(wire.address)) === JSON.stringify(addressOf(address));
  return isThere && isSame({ ...held, email: email(held.email) }, { ...client });
}

/** What a client is searched by: the first of what tells people apart best that is short enough for a search. */
export function searchTerm({ email: mail, mobile, last_name: name }: ClientBody): string | null {
  const short = [mail, mobile, name].find((one) => one && one.length <= LONGEST_TERM);
  return short ?? name?.slice(0, LONGEST_TERM).trim() ?? null;
}

/**
 * The address that a client shall point at: the id that it has where that reads as wanted, null for none, else a new one.
 * A record that is there is never changed, as other clients may point at it. A first line that stays keeps its two fields.
 */
export function addressFor(held: WireClient, wanted: ClientBodies['address']): AddressBody | string | null {
  const id = wholeClient(held).address_id;
  if (wanted === undefined || wanted === null) return wanted === undefined ? id : null;
  const [now, then] = [addressOf(held.address), addressOf(wanted)];
  if (now === null || then === null) return wanted;
  const house = text(held.address?.house_num_name);
  const isLineKept = house !== null && now.line1 === then.line1;
  if (isLineKept && JSON.stringify(now) === JSON.stringify(then)) return id;
  const street = text(held.address?.address_1);
  return isLineKept ? { ...wanted, house_num_name: house, address_1: street } : wanted;
}

/** All eight flags as they shall be, null where none changes. InvalidRecord where the record leaves one open. */
export function changedFlags(
  held: WireMarketingOptions | null | undefined,
  consents: Consents,
): MarketingChange | null {
  const changes = flagsFor(consents, held ?? null);
  if (Object.keys(changes).length === 0) return null;
  const id = idText(held?.external_id, 'marketing_options.external_id');
  const flag = (name: MarketingFlag): '0' | '1' =>
    required(changes[name] ?? flagText(held?.[name]), `marketing_options.${name}`);
  const json = Object.fromEntries(MARKETING_FLAGS.map((name) => [name, flag(name)])) as MarketingBody;
  return { id, json };
}

/** A client of Penga. */
export const clientMapper = {
  toCanonical(wire, settings) {
    const [firstName, lastName] = [text(wire.first_name), text(wire.last_name)];
    const { phone, phoneRaw } = readPhone(text(wire.mobile), settings.region);
    const deletedAt = instantFromSeconds(wire.deleted_at, 'deleted_at');
    return {
      ref: ref(idText(wire.external_id, 'external_id')),
      mark: null, // Penga has no field for a caller's id
      createdAt: instantFromSeconds(wire.created_at, 'created_at'),
      updatedAt: instantFromSeconds(wire.updated_at, 'updated_at'),
      deletedAt,
      record: {
        firstName,
        lastName,
        fullName: fullName(null, firstName, lastName),
        email: email(wire.email),
        phone,
        phoneRaw,
        birthDate: null, // Penga has none
        gender: null, // Penga has none
        language: null, // Penga has none
        address: addressOf(wire.address),
        notes: text(wire.description),
        consents: consentsOf(wire.marketing_options),
        status: deletedAt === null ? 'active' : 'archived',
      },
      warnings: [],
    };
  },

  toVendor(draft: Draft<'clients'>, settings: PengaSettings): ClientBodies {
    const { firstName, lastName, email: mail, phone, notes, address, consents } = draft;
    return {
      client: {
        ...(firstName !== undefined && { first_name: nameOf(firstName, 'firstName') }),
        ...(lastName !== undefined && { last_name: nameOf(lastName, 'lastName') }),
        ...(notes !== undefined && { description: upTo(100, notes, 'notes') }),
        ...(mail !== undefined && { email: email(upTo(255, mail, 'email')) }),
        ...(phone !== undefined && { mobile: mobileOf(phone, settings) }),
      },
      ...(address !== undefined && { address: addressBody(address) }),
      ...(consents !== undefined && { consents: flagsFor(consents, null) }),
    };
  },
} satisfies Mapper<'clients', WireClient, PengaSettings>;
