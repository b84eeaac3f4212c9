import type { Cancellation } from '../../canonical/appointment';
import { ref, type RemoteRef } from '../../canonical/ids';
import { color, idText, instantFromSeconds, text } from '../../canonical/values';
import type { Mapper } from '../contract';
import type { Warning } from '../kit/words';
import type { PengaSettings } from './penga.config';
import { statusOf } from './tables';
import type { WireAppointment, WirePointer } from './wire';

/** Penga keeps neither the time nor the reason of a cancellation. */
const CANCELLED: Cancellation = { at: null, reason: null, remoteReason: null, note: null };

function pointed(wire: WirePointer | null | undefined): RemoteRef | null {
  const id = text(wire?.external_id);
  return id === null ? null : ref(id);
}

/** An appointment of Penga: one client with one user. */
export const appointmentMapper: Mapper<'appointments', WireAppointment, PengaSettings> = {
  toCanonical(wire, settings) {
    const warnings: Warning[] = [];
    const status = statusOf(wire.appointmentstatus, settings.statusMap, warnings);
    const practitionerId = pointed(wire.user);
    const clientId = pointed(wire.client);
    return {
      ref: ref(idText(wire.external_id, 'external_id')),
      mark: null, // Penga has no field for a caller's id
      createdAt: instantFromSeconds(wire.created_at, 'created_at'),
      updatedAt: instantFromSeconds(wire.updated_at, 'updated_at'),
      deletedAt: instantFromSeconds(wire.deleted_at, 'deleted_at'),
      record: {
        status,
        remoteStatus: text(wire.appointmentstatus?.name),
        start: instantFromSeconds(wire.start_time, 'start_time'),
        end: instantFromSeconds(wire.end_time, 'end_time'),
        title: null, // Penga has none
        description: text(wire.description),
        notes: null, // notes are records of their own, which an appointment does not show
        clientMessage: null, // Penga has none
        modality: null, // Penga has none
        videoUrl: null, // Penga has none
        practitionerId,
        practitionerIds: practitionerId === null ? [] : [practitionerId],
        clientId,
        attendees:
          clientId === null ? [] : [{ clientId, status, arrivedAt: null, cancelledAt: null, remoteId: null }],
        serviceId: pointed(wire.appointmenttype),
        locationId: pointed(wire.departments?.[0]),
        arrivedAt: null, // Penga keeps no time of arrival
        cancellation: status === 'cancelled' ? CANCELLED : null,
        color: color(wire.appointmenttype?.color),
        timeZone: settings.timeZone,
      },
      warnings,
    };
  },
};
