import { NO_CONSENTS } from '../../canonical/client';
import { ref } from '../../canonical/ids';
import { readPhone } from '../../canonical/phone';
import { email, fullName, idText, instant, text } from '../../canonical/values';
import type { Mapper } from '../contract';
import { addressOf } from './location.mapper';
import type { PexipSettings } from './pexip.config';
import type { PexipCustomer } from './wire';

/** Customers. https://developer.pexipengage.com */
export const clientMapper: Mapper<'clients', PexipCustomer, PexipSettings> = {
  toCanonical(wire, settings) {
    const [firstName, lastName] = [text(wire.firstName), text(wire.lastName)];
    const { phone, phoneRaw } = readPhone(text(wire.phoneNumber), settings.region);
    const deletedAt = instant(wire.deletedAt, 'deletedAt');
    return {
      ref: ref(idText(wire.id, 'id')),
      mark: text(wire.externalId),
      createdAt: instant(wire.createdAt, 'createdAt'),
      updatedAt: instant(wire.updatedAt, 'updatedAt'),
      deletedAt,
      record: {
        firstName,
        lastName,
        fullName: fullName(null, firstName, lastName),
        email: email(wire.email),
        phone,
        phoneRaw,
        birthDate: null, // not kept
        gender: null, // not kept
        language: text(wire.language),
        address: addressOf(wire.location),
        notes: text(wire.notes),
        consents: NO_CONSENTS,
        status: deletedAt === null ? 'active' : 'archived',
      },
      warnings: [],
    };
  },
};
