import type { FastifyInstance, FastifyRequest } from 'fastify';
import { holds, MAX_LISTED, pageOf, parameters, searchTerm, whole } from './paging';
import { perOwner } from './reads';
import { checked, need, phone, text, unix } from './refusal';
import type { Check, Rules } from './refusal';
import { add, change, listed, remove, seconds, standing } from './state';
import type { Message, PengaState, Template } from './state';
import type { Views } from './views';

/** The demo organisation's bare number: Penga sends it as a number here and as text there. */
const ORGANISATION = 2;
const MARKETING = 2;

const idIn = (request: FastifyRequest): string | undefined => parameters(request)['id'];

/** Templates of text messages; each list has an oddity of its own, all of them documented. */
function templates(app: FastifyInstance, state: PengaState, views: Views): void {
  const numbered = (row: Template) => views.template(row, ORGANISATION);
  const worded = (row: Template) => views.template(row, String(ORGANISATION));
  const untyped = (row: Template) => {
    const { template_type_id, ...rest } = numbered(row);
    return rest;
  };
  const search = (request: FastifyRequest): readonly Template[] => {
    const term = searchTerm(request);
    return standing(state, state.templates).filter((row) =>
      holds(term, [row.template_name, row.template_body]),
    );
  };
  const rules: Rules = {
    required: ['template_name'],
    checks: { template_name: text(45), template_body: text(180) },
  };
  app.get('/sms-templates', () => [...standing(state, state.templates)].reverse().map(worded));
  app.get('/sms-templates/search', (request) => search(request).slice(0, MAX_LISTED).map(numbered));
  app.get('/sms-templates/search/perpage/:perPage', (request) =>
    pageOf(request, whole(search(request)), untyped, { searchInPath: true }),
  );
  app.get('/sms-templates/perpage/:perPage', (request) =>
    pageOf(request, whole(standing(state, state.templates)), numbered, { isRelative: true }),
  );
  app.get('/sms-templates/:id', (request) => worded(need(state.templates, idIn(request))));
  app.post('/sms-templates', ({ body }) => {
    const template_id = state.templates.rows.length + 1;
    const fields = {
      template_body: null,
      ...checked(body, rules),
      template_id,
      template_type_id: MARKETING,
    } as unknown as Template;
    const row = add(state.templates, fields, seconds(state));
    state.lists.clear();
    return numbered(row);
  });
  app.put('/sms-templates/:id', (request) => {
    const row = need(state.templates, idIn(request));
    change(state, row, checked(request.body, rules));
    return numbered(row);
  });
  app.delete('/sms-templates/:id', (request) => remove(state, need(state.templates, idIn(request))));
}

const messageType: Check = (value) => ([1, 2].includes(Number(value)) ? null : 'is invalid.');

/** Text messages by the time at which they are sent; one that should have been sent before is sent now. */
function messageReads(app: FastifyInstance, state: PengaState, views: Views): void {
  const some = (key: string, fits: (row: Message) => boolean): readonly Message[] =>
    listed(state, `messages ${key}`, () =>
      standing(state, state.messages)
        .filter(fits)
        .sort((a, b) => a.send_time - b.send_time),
    );
  const search = (request: FastifyRequest): readonly Message[] => {
    const term = searchTerm(request);
    return some(`?${term}`, (row) =>
      holds(term, [row.message_body, row.template_name, row.recipient_number]),
    );
  };
  app.get('/sms-messages/search', (request) => search(request).slice(0, MAX_LISTED).map(views.messageRow));
  app.get('/sms-messages/search/perpage/:perPage', (request) =>
    pageOf(request, whole(search(request)), views.messageRow),
  );
  app.get('/sms-messages/perpage/:perPage', (request) =>
    pageOf(request, whole(some('', () => true)), views.messageRow),
  );
  perOwner(app, state, '/sms-messages', (request, key, fits) =>
    pageOf(request, whole(some(key, fits)), views.messageRow),
  );
  app.get('/sms-messages/:id', (request) => views.message(need(state.messages, idIn(request))));
}

/** Only the time of sending can be changed. */
function messageWrites(app: FastifyInstance, state: PengaState, views: Views): void {
  app.post('/sms-messages', ({ body }) => {
    const checks = {
      message_type_id: messageType,
      recipient_number: phone,
      message_body: text(180),
      send_time: unix,
    };
    const fields = checked(body, { required: ['send_time'], checks });
    const given = {
      message_body: fields['message_body'] ?? null,
      message_type_id: Number(fields['message_type_id'] ?? 1),
      recipient_number: fields['recipient_number'] ?? '',
    };
    const send_time = Math.max(seconds(state), Number(fields['send_time']));
    const about = { template_name: 'None', user: null, client: null, appointment: null };
    const row = add(
      state.messages,
      { ...fields, ...given, ...about, send_time } as unknown as Message,
      seconds(state),
    );
    state.lists.clear();
    const { status, type, client, appointment, ...answer } = views.messageRow(row);
    return answer;
  });
  app.put('/sms-messages/:id', (request) => {
    const row = need(state.messages, idIn(request));
    const { send_time } = checked(request.body, { required: ['send_time'], checks: { send_time: unix } });
    change(state, row, { send_time: Number(send_time) });
    return views.message(row);
  });
  app.delete('/sms-messages/:id', (request) => remove(state, need(state.messages, idIn(request))));
}

/** Templates and text messages. */
export function messages(app: FastifyInstance, state: PengaState, views: Views): void {
  templates(app, state, views);
  messageReads(app, state, views);
  messageWrites(app, state, views);
}
