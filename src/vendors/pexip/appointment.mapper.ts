import type { AppointmentStatus } from '../../canonical/appointment';
import { ref, type RemoteRef } from '../../canonical/ids';
import { idText, instant, required, text } from '../../canonical/values';
import type { Mapper } from '../contract';
import { word, type Warning } from '../kit/words';
import type { PexipSettings } from './pexip.config';
import { IS_PRIMARY, MEETING_TYPES, PARTICIPANT_TYPES, STATUSES } from './tables';
import type { PexipAppointment, PexipParticipant } from './wire';

/** Somebody's part in an appointment. */
interface Part {
  readonly ref: RemoteRef;
  readonly kind: 'client' | 'practitioner' | null;
  readonly isPrimary: boolean;
  readonly videoUrl: string | null;
}

function partOf({ participant, type, role, videoUrl }: PexipParticipant, warnings: Warning[]): Part {
  const [ofType, ofRole] = ['type', 'role'].map((name) => `appointmentParticipants.${name}`) as [
    string,
    string,
  ];
  return {
    ref: ref(idText(participant?.id, 'appointmentParticipants.participant.id')),
    kind: word(PARTICIPANT_TYPES, type, { field: ofType, fallback: null, warnings }),
    isPrimary: word(IS_PRIMARY, role, { field: ofRole, fallback: false, warnings }),
    videoUrl: text(videoUrl),
  };
}

/** Everybody's part, the primary ones first. The schema demands two at least, the documented example has one. */
function partsOf({ appointmentParticipants: given }: PexipAppointment, warnings: Warning[]): readonly Part[] {
  return required(
    Array.isArray(given) ? (given as readonly PexipParticipant[]) : null,
    'appointmentParticipants',
  )
    .map((participant) => partOf(participant, warnings))
    .sort((a, b) => Number(b.isPrimary) - Number(a.isPrimary));
}

const attendee = ({ ref: clientId }: Part, status: AppointmentStatus) => ({
  clientId,
  status, // a participant has none of its own
  arrivedAt: null,
  cancelledAt: null,
  remoteId: null,
});

/** Appointments, invites and requests. https://developer.pexipengage.com */
export const appointmentMapper: Mapper<'appointments', PexipAppointment, PexipSettings> = {
  toCanonical(wire, settings) {
    const warnings: Warning[] = [];
    const remoteStatus = idText(wire.status, 'status');
    const status = word<AppointmentStatus>(STATUSES, remoteStatus, {
      field: 'status',
      fallback: 'pending',
      warnings,
    });
    const parts = partsOf(wire, warnings);
    const clients = parts.filter(({ kind }) => kind === 'client');
    const practitioners = parts.filter(({ kind }) => kind === 'practitioner');
    return {
      ref: ref(idText(wire.id, 'id')),
      mark: text(wire.externalId),
      createdAt: instant(wire.createdAt, 'createdAt'),
      updatedAt: instant(wire.updatedAt, 'updatedAt'),
      deletedAt: null, // appointments are cancelled, never deleted
      record: {
        status,
        remoteStatus,
        start: instant(wire.start, 'start'), // none: an invite or a request without a date
        end: instant(wire.end, 'end'),
        title: null,
        description: null,
        notes: text(wire.internalNotes),
        clientMessage: text(wire.messageForCustomer),
        modality: word(MEETING_TYPES, wire.meetingType, { field: 'meetingType', fallback: null, warnings }),
        videoUrl: clients.find(({ videoUrl }) => videoUrl !== null)?.videoUrl ?? null,
        practitionerId: practitioners[0]?.ref ?? null,
        practitionerIds: practitioners.map((part) => part.ref),
        clientId: clients[0]?.ref ?? null,
        attendees: clients.map((part) => attendee(part, status)),
        serviceId: ref(idText(wire.subject?.id, 'subject.id')),
        locationId: ref(idText(wire.office?.id, 'office.id')),
        arrivedAt: null,
        cancellation:
          status === 'cancelled' ? { at: null, reason: null, remoteReason: null, note: null } : null,
        color: null,
        timeZone: settings.timeZone,
      },
      warnings,
    };
  },
};
