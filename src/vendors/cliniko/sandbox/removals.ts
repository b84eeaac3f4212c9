import type { FastifyInstance, FastifyReply } from 'fastify';
import { invalid, notFound } from './query';
import { baseOf, recordOf, send, type Request } from './reads';
import { RENDER } from './render';
import { attendeesOf, patientIds, stamp, stands, touch, type Row, type State, word } from './state';
import { BODIES, type Writable } from './bodies';

/** The reasons that a cancellation must name one of. */
export const REASONS: Readonly<Record<number, string>> = {
  10: 'Feeling Better',
  20: 'Condition Worse',
  30: 'Sick',
  31: 'COVID-19 related',
  40: 'Away',
  50: 'Other',
  60: 'Work',
};

/** What a cancellation leaves on a record. */
export const cancelled = (at: string, reason: number, note: string | null): Row => ({
  cancelled_at: at,
  cancellation_reason: reason,
  cancellation_reason_description: REASONS[reason] ?? '',
  cancellation_note: note,
});

function given(body: unknown, at: string): Row {
  const { cancellation_reason: reason, cancellation_note: note } = (body ?? {}) as Row;
  if (typeof reason !== 'number' || !(reason in REASONS))
    throw invalid({ cancellation_reason: 'is not included in the list' });
  return cancelled(at, reason, typeof note === 'string' ? note : null);
}

/** Cancelling, which cannot be undone: an individual appointment with its attendee, or one attendee of a group. */
export function cancels(app: FastifyInstance, state: State): void {
  const { individual_appointments: individuals, group_appointments: groups, attendees } = state.tables;
  app.patch('/individual_appointments/:id/cancel', (request: Request, reply) => {
    const row = recordOf(individuals, request.params['id']);
    if (!stands(row)) throw notFound();
    const change = given(request.body, stamp(state.now()));
    for (const one of [row, ...attendeesOf(state, row)]) touch(state, one, change);
    return reply.code(204).send();
  });
  app.patch('/attendees/:id/cancel', (request: Request, reply) => {
    const row = recordOf(attendees, request.params['id']);
    if (!stands(row)) throw notFound();
    const group = groups.byId.get(word(row, 'booking_id'));
    if (group === undefined) throw invalid({ base: 'Only attendees of group appointments can be cancelled' });
    touch(state, row, given(request.body, stamp(state.now())));
    group['patient_ids'] = patientIds(state, group);
    return reply.code(204).send();
  });
}

/** Archives a record, or deletes it (which archives too); the attendees of a booking go with it. */
function remove(state: State, row: Row, isDeleted: boolean): void {
  const at = stamp(state.now());
  const gone = { archived_at: at, ...(isDeleted ? { deleted_at: at } : {}) };
  touch(state, row, gone);
  for (const attendee of attendeesOf(state, row)) touch(state, attendee, gone);
  const group = state.tables.group_appointments.byId.get(word(row, 'booking_id'));
  if (group) group['patient_ids'] = patientIds(state, group);
}

/** Archiving, its older name DELETE, and bringing back what was archived. */
export function archives(app: FastifyInstance, state: State): void {
  const archive =
    (name: Writable, isDeleted: boolean) =>
    (request: Request, reply: FastifyReply): FastifyReply => {
      const row = recordOf(state.tables[name], request.params['id']);
      if (!stands({ ...row, cancelled_at: null }) || !(isDeleted || state.acceptsArchive)) throw notFound();
      remove(state, row, isDeleted);
      return reply.code(204).send();
    };
  for (const name of Object.keys(BODIES) as Writable[]) {
    app.post(`/${name}/:id/archive`, archive(name, false));
    app.delete(`/${name}/:id`, archive(name, true));
  }
  for (const name of ['patients', 'businesses'] as const)
    app.post(`/${name}/:id/unarchive`, (request: Request, reply) => {
      const row = recordOf(state.tables[name], request.params['id']);
      return send(
        reply,
        200,
        RENDER[name](touch(state, row, { archived_at: null, deleted_at: null }), baseOf(request)),
      );
    });
}
