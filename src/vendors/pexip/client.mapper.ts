import { addressOrNull, NO_CONSENTS, type Address } from '../../canonical/client';
import { ref } from '../../canonical/ids';
import { readPhone } from '../../canonical/phone';
import { email, fullName, idText, instant, text } from '../../canonical/values';
import type { Draft, Mapper, Remote } from '../contract';
import { Refusal } from '../kit/refusal';
import { addressOf, writtenAddress, writtenText } from './location.mapper';
import type { PexipSettings } from './pexip.config';
import { LANGUAGES } from './tables';
import type { PexipCustomer, WrittenCustomer } from './wire';

function languageOf(language: string | null | undefined): string | null | undefined {
  const wanted = writtenText(language)?.toLowerCase();
  if (wanted === undefined) return writtenText(language);
  if (LANGUAGES.includes(wanted)) return wanted;
  throw new Refusal('validation_failed', 'language', `must be one of ${LANGUAGES.join(', ')} here`);
}

/** The language of a text that is written: the one in which names are read, where the vendor has it. */
const textLanguage = ({ language }: PexipSettings): string => {
  const [own = ''] = language.toLowerCase().split('-');
  return LANGUAGES.includes(own) ? own : 'en';
};

function locationOf(address: Address | null | undefined, settings: PexipSettings) {
  const given = address && addressOrNull(address);
  return given && writtenAddress(given, textLanguage(settings));
}

/** Customers. https://developer.pexipengage.com */
export const clientMapper = {
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
  toVendor(draft, settings): WrittenCustomer {
    return {
      firstName: writtenText(draft.firstName),
      lastName: writtenText(draft.lastName),
      email: writtenText(draft.email),
      phoneNumber: writtenText(draft.phone),
      language: languageOf(draft.language),
      notes: writtenText(draft.notes),
      location: locationOf(draft.address, settings),
    };
  },
} satisfies Mapper<'clients', PexipCustomer, PexipSettings>;

/** Whether a client has all that a patch asks for. */
export function holds(record: Remote<'clients'>, patch: Draft<'clients'>, settings: PexipSettings): boolean {
  const names = Object.keys(patch) as (keyof typeof patch)[];
  const now = Object.fromEntries(names.map((name) => [name, record[name]])) as Draft<'clients'>;
  try {
    const [has, wants] = [now, patch].map((one) => JSON.stringify(clientMapper.toVendor(one, settings)));
    return has === wants;
  } catch {
    return false; // what it has cannot even be written
  }
}
