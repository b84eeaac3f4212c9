import type { AppointmentStatus } from '../../canonical/appointment';
import type { ClientStatus } from '../../canonical/client';

/** The three documented words of an appointment. */
export const APPOINTMENT_WORDS: Readonly<Record<string, AppointmentStatus>> = {
  booked: 'booked',
  cancelled: 'cancelled',
  noshow: 'noshow',
};

/** Only `active` is documented; the others are what such a field would say of a record that is out of use. */
export const CLIENT_WORDS: Readonly<Record<string, ClientStatus>> = {
  active: 'active',
  archived: 'archived',
  inactive: 'archived',
  deleted: 'archived',
};

/** What counts as a set flag. */
export const YES: ReadonlySet<unknown> = new Set([true, 'true', 1, '1']);
