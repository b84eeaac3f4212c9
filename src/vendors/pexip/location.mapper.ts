import { addressOrNull, type Address } from '../../canonical/client';
import { ref } from '../../canonical/ids';
import { readPhone } from '../../canonical/phone';
import { idText, instant, text } from '../../canonical/values';
import type { Mapper } from '../contract';
import { Refusal } from '../kit/refusal';
import type { PexipSettings } from './pexip.config';
import type { PexipLocation, PexipOffice, PexipText, WrittenLocation, WrittenText } from './wire';

/** Text that comes with its language; plain text too, for the office's name, whose shape no public page shows. */
export const localized = (value: PexipText | string | null | undefined): string | null =>
  typeof value === 'object' && value !== null ? text(value.value) : text(value);

/** The address out of a `location`; null where there is none. */
export function addressOf(location: PexipLocation | null | undefined): Address | null {
  if (!location) return null;
  return addressOrNull({
    line1: localized(location.street1),
    line2: localized(location.street2),
    line3: null,
    city: localized(location.city),
    region: localized(location.state),
    postalCode: text(location.postalCode),
    country: text(location.countryCode),
    formatted: text(location.formattedAddress),
  });
}

/** Text as it is written: absent stays absent, and a blank, which the vendor refuses, stands for none. */
export const writtenText = (value: string | null | undefined): string | null | undefined =>
  value === undefined ? undefined : text(value);

const textsOf = (part: unknown, inLanguage: unknown): WrittenText[] => {
  const [value, language] = [text(part), text(inLanguage)];
  return value === null || language === null ? [] : [{ language, value }];
};

/** An address as it is written, in one language: those that it had before were of another address. */
export function writtenAddress(address: Address, language: string): WrittenLocation {
  const [city, country] = [textsOf(address.city, language), text(address.country)];
  if (city.length === 0)
    throw new Refusal('validation_failed', 'address.city', 'an address needs a city here');
  if (country === null || !/^[a-z]{2}$/i.test(country))
    throw new Refusal(
      'validation_failed',
      'address.country',
      'an address needs a country of two letters here',
    );
  return {
    countryCode: country.toUpperCase(),
    postalCode: text(address.postalCode),
    translations: {
      city,
      state: textsOf(address.region, language),
      street1: textsOf(address.line1, language),
      street2: textsOf(address.line2, language),
    },
  };
}

const sameText = (read: PexipText | null | undefined): WrittenText[] => textsOf(read?.value, read?.language);

/** An address that was read, as it is written elsewhere; null where it lacks what a written one must have. */
export function writtenAgain(read: PexipLocation | null | undefined): WrittenLocation | null {
  const [country, city] = [text(read?.countryCode), sameText(read?.city)];
  if (!read || country === null || city.length === 0) return null;
  return {
    countryCode: country,
    postalCode: text(read.postalCode),
    ...(read.geolocation && { geolocation: read.geolocation }),
    translations: {
      city,
      state: sameText(read.state),
      street1: sameText(read.street1),
      street2: sameText(read.street2),
    },
  };
}

/** Offices, in the shape that is assumed of them. https://developer.pexipengage.com */
export const locationMapper: Mapper<'locations', PexipOffice, PexipSettings> = {
  toCanonical(wire, settings) {
    return {
      ref: ref(idText(wire.id, 'id')),
      mark: text(wire.externalId),
      createdAt: instant(wire.createdAt, 'createdAt'),
      updatedAt: instant(wire.updatedAt, 'updatedAt'),
      deletedAt: instant(wire.deletedAt, 'deletedAt'),
      record: {
        name: localized(wire.name),
        description: null,
        address: addressOf(wire.location),
        timeZone: text(wire.timeZone) ?? settings.timeZone,
        phone: readPhone(text(wire.phoneNumber), settings.region).phone,
      },
      warnings: [],
    };
  },
};
