import { addressOrNull, type Address } from '../../canonical/client';
import { ref } from '../../canonical/ids';
import { readPhone } from '../../canonical/phone';
import { idText, instant, text } from '../../canonical/values';
import type { Mapper } from '../contract';
import type { PexipSettings } from './pexip.config';
import type { PexipLocation, PexipOffice, PexipText } from './wire';

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
