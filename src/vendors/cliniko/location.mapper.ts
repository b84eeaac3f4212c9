import { addressOrNull } from '../../canonical/client';
import { ref } from '../../canonical/ids';
import { idText, instant, text } from '../../canonical/values';
import type { Mapper } from '../contract';
import type { ClinikoSettings } from './cliniko.config';
import { countryCode } from './tables';
import type { ClinikoBusiness } from './wire';

/** Businesses. https://docs.api.cliniko.com/openapi/business */
export const locationMapper: Mapper<'locations', ClinikoBusiness, ClinikoSettings> = {
  toCanonical: (business, settings) => ({
    ref: ref(idText(business.id, 'id')),
    mark: null, // no field for a caller's id
    createdAt: instant(business.created_at, 'created_at'),
    updatedAt: instant(business.updated_at, 'updated_at'),
    deletedAt: instant(business.deleted_at, 'deleted_at') ?? instant(business.archived_at, 'archived_at'),
    record: {
      name: text(business.display_name) ?? text(business.business_name) ?? text(business.label),
      description: null,
      address: addressOrNull({
        line1: text(business.address_1),
        line2: text(business.address_2),
        line3: null, // two lines are all there are
        city: text(business.city),
        region: text(business.state),
        postalCode: text(business.post_code),
        country: countryCode(text(business.country_code) ?? text(business.country)),
        formatted: null,
      }),
      timeZone: text(business.time_zone_identifier) ?? settings.timeZone, // its `time_zone` is a Rails label, not a name
      phone: null, // only free text in `contact_information`
    },
    warnings: [],
  }),
};
