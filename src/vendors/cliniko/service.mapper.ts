import { ref } from '../../canonical/ids';
import { color, idText, instant, text } from '../../canonical/values';
import type { Mapper } from '../contract';
import type { ClinikoSettings } from './cliniko.config';
import type { ClinikoAppointmentType, ServiceWire } from './wire';

/** How long an appointment of a type takes, in minutes; null where the type does not say. */
export function durationOf({
  duration_in_minutes: written,
}: Pick<ClinikoAppointmentType, 'duration_in_minutes'>): number | null {
  const minutes = Number(text(written) ?? NaN);
  return Number.isInteger(minutes) && minutes > 0 ? minutes : null;
}

/** How many attendees a type, or a group itself, has room for; NaN where it does not say. More than one makes it a group's. */
export const roomOf = ({ max_attendees: written }: Pick<ClinikoAppointmentType, 'max_attendees'>): number =>
  Number(text(written) ?? NaN);

/** Appointment types. https://docs.api.cliniko.com/openapi/appointment-type */
export const serviceMapper: Mapper<'services', ServiceWire, ClinikoSettings> = {
  toCanonical({ type, practitioners }) {
    const deletedAt = instant(type.deleted_at, 'deleted_at') ?? instant(type.archived_at, 'archived_at');
    return {
      ref: ref(idText(type.id, 'id')),
      mark: null, // no field for a caller's id
      createdAt: instant(type.created_at, 'created_at'),
      updatedAt: instant(type.updated_at, 'updated_at'),
      deletedAt,
      record: {
        name: text(type.name),
        description: text(type.description),
        durationMinutes: durationOf(type),
        color: color(type.color),
        active: deletedAt === null,
        practitionerIds: practitioners.map((id) => ref(id)),
      },
      warnings: [],
    };
  },
};
