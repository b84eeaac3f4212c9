import { ref } from '../../canonical/ids';
import { readPhone } from '../../canonical/phone';
import { email, fullName, idText, instant, text } from '../../canonical/values';
import type { Mapper } from '../contract';
import { word, type Warning } from '../kit/words';
import { localized } from './location.mapper';
import type { PexipSettings } from './pexip.config';
import { IS_ACTIVE } from './tables';
import type { PexipEmployee } from './wire';

/** Employees. https://developer.pexipengage.com */
export const practitionerMapper: Mapper<'practitioners', PexipEmployee, PexipSettings> = {
  toCanonical(wire, settings) {
    const warnings: Warning[] = [];
    const [firstName, lastName] = [text(wire.firstName), text(wire.lastName)];
    const { phone, phoneRaw } = readPhone(text(wire.phoneNumber), settings.region);
    const offices = (wire.officeRelations ?? []).map(({ office }) =>
      idText(office?.id, 'officeRelations.office.id'),
    );
    return {
      ref: ref(idText(wire.id, 'id')),
      mark: text(wire.externalId),
      createdAt: instant(wire.createdAt, 'createdAt'),
      updatedAt: instant(wire.updatedAt, 'updatedAt'),
      deletedAt: instant(wire.deletedAt, 'deletedAt'),
      record: {
        firstName,
        lastName,
        fullName: fullName(null, firstName, lastName),
        email: email(wire.communicationEmail) ?? email(wire.email),
        phone,
        phoneRaw,
        title: localized(wire.function),
        specialties: [], // expertises exist, but no public page shows them
        active: word(IS_ACTIVE, wire.status, { field: 'status', fallback: null, warnings }),
        locationIds: [...new Set(offices)].map((id) => ref(id)), // one relation for each role at an office
      },
      warnings,
    };
  },
};
