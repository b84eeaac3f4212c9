import type { FastifyInstance, FastifyRequest } from 'fastify';
import { holds, MAX_LISTED, pageOf, parameters, searchTerm, whole } from './paging';
import { perOwner } from './reads';
import { checked, need, Refusal, text } from './refusal';
import { add, forceAway, listed, OWNER, remove, seconds, standing } from './state';
import type { Note, PengaState } from './state';
import type { Views } from './views';

const idIn = (request: FastifyRequest): string | undefined => parameters(request)['id'];

/** Notes: the newest first. A note cannot be put on a record when it is made. */
export function notes(app: FastifyInstance, state: PengaState, views: Views): void {
  const some = (key: string, fits: (row: Note) => boolean): readonly Note[] =>
    listed(state, `notes ${key}`, () => standing(state, state.notes).filter(fits).reverse());
  const search = (request: FastifyRequest): readonly Note[] => {
    const term = searchTerm(request);
    return some(`?${term}`, ({ note }) => holds(term, [note]));
  };
  app.get('/notes/search', (request) => search(request).slice(0, MAX_LISTED).map(views.noteRow));
  app.get('/notes/search/perpage/:perPage', (request) =>
    pageOf(request, whole(search(request)), views.noteRow),
  );
  perOwner(app, state, '/notes', (request, key, fits) =>
    pageOf(request, whole(some(key, fits)), views.noteRow),
  );
  app.get('/notes/parent/:id/perpage/:perPage', (request) => {
    const { external_id: id } = need(state.notes, idIn(request));
    const rows = some(`parent ${id}`, (row) => row.external_id === id || row.parent === id);
    return pageOf(request, whole(rows), views.noteRow);
  });
  app.get('/notes/deleted/:id', (request) => {
    const row = state.notes.byId.get(idIn(request) ?? '');
    if (!row || row.deleted_at === null) throw new Refusal(404, 'Not Found');
    return views.noteRow(row);
  });
  app.get('/notes/:id', (request) => views.note(need(state.notes, idIn(request))));
  app.post('/notes', ({ body }) => {
    const { note } = checked(body, { required: ['note'], checks: { note: text(255) } });
    const row = add(
      state.notes,
      { note: String(note), user: OWNER, appointment: null, client: null, parent: null },
      seconds(state),
    );
    state.lists.clear();
    const { deleted_at, ...answer } = views.note(row);
    return answer;
  });
  app.delete('/notes/:id', (request) => remove(state, need(state.notes, idIn(request))));
  app.delete('/notes/force/:id', (request) => forceAway(state, state.notes, idIn(request)));
}
