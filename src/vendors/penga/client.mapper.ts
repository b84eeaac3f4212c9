import { addressOrNull, type Address, type Consents } from '../../canonical/client';
import { ref } from '../../canonical/ids';
import { readPhone } from '../../canonical/phone';
import { email, fullName, idText, instantFromSeconds, text } from '../../canonical/values';
import type { Mapper } from '../contract';
import type { PengaSettings } from './penga.config';
import { consent } from './tables';
import type { WireAddress, WireClient, WireMarketingOptions } from './wire';

/** House number and street are two fields of Penga's and one line of everybody else's. */
function addressOf(wire: WireAddress | null | undefined): Address | null {
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

/** Penga's notifications are our reminders. */
const consentsOf = (wire: WireMarketingOptions | null | undefined): Consents => ({
  smsReminders: consent(wire?.notification_sms_allow, wire?.manual_notification_sms_optout),
  emailReminders: consent(wire?.notification_email_allow, wire?.manual_notification_email_optout),
  smsMarketing: consent(wire?.marketing_sms_allow, wire?.manual_marketing_sms_optout),
  emailMarketing: consent(wire?.marketing_email_allow, wire?.manual_marketing_email_optout),
});

/** A client of Penga. */
export const clientMapper: Mapper<'clients', WireClient, PengaSettings> = {
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
};
