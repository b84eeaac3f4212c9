import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parameters } from './paging';
import { boolean, checked, known, mail, need, phone, text } from './refusal';
import type { Fields, Rules } from './refusal';
import { add, change, MARKETING_FLAGS, remove, seconds } from './state';
import type { Address, Client, Marketing, PengaState, Row } from './state';
import type { Views } from './views';

const idIn = (request: FastifyRequest): string | undefined => parameters(request)['id'];

const ADDRESS: Rules = {
  required: ['house_num_name'],
  checks: {
    house_num_name: text(45),
    address_1: text(45),
    address_2: text(45),
    address_3: text(45),
    town: text(45),
    county: text(45),
    postcode: text(10),
  },
};
const NO_ADDRESS = {
  address_1: null,
  address_2: null,
  address_3: null,
  town: null,
  county: null,
  postcode: null,
};
const NEW_CLIENT = Object.fromEntries(MARKETING_FLAGS.map((flag) => [flag, flag.endsWith('allow') ? 1 : 0]));

/** Clients themselves. One that is new may be sent everything, as in the reference. */
function persons(app: FastifyInstance, state: PengaState, views: Views): void {
  const rules: Rules = {
    required: ['first_name', 'last_name'],
    checks: {
      first_name: text(45),
      last_name: text(45),
      description: text(100),
      address_id: known(state.addresses),
      email: mail,
      mobile: phone,
    },
  };
  const columns = ({ address_id, ...fields }: Fields): Fields =>
    address_id === undefined ? fields : { ...fields, address: address_id };
  const blank = { description: null, email: null, mobile: null, address: null };
  app.post('/clients', ({ body }) => {
    const fields = columns(checked(body, rules));
    const marketing = add(
      state.marketing,
      NEW_CLIENT as Omit<Marketing, keyof Row>,
      seconds(state),
    ).external_id;
    const row = add(state.clients, { ...blank, ...fields, marketing } as Client, seconds(state));
    state.lists.clear();
    return views.client(row);
  });
  app.put('/clients/:id', (request) => {
    const row = need(state.clients, idIn(request));
    const fields = columns(checked(request.body, rules));
    change(state, row, state.leftOut === 'stays' ? fields : { ...blank, ...fields });
    return views.client(row);
  });
  app.delete('/clients/:id', (request) => remove(state, need(state.clients, idIn(request))));
}

/** Addresses and marketing options: records of their own that a client points at. */
function belongings(app: FastifyInstance, state: PengaState, views: Views): void {
  app.post('/postaladdress', ({ body }) => {
    const row = add(state.addresses, { ...NO_ADDRESS, ...checked(body, ADDRESS) } as Address, seconds(state));
    return views.address(row);
  });
  app.put('/postaladdress/:id', (request) => {
    const row = need(state.addresses, idIn(request));
    change(state, row, checked(request.body, ADDRESS));
    return views.address(row);
  });
  app.put('/marketing-options-client/:id', (request) => {
    const row = need(state.marketing, idIn(request));
    const checks = Object.fromEntries(MARKETING_FLAGS.map((flag) => [flag, boolean]));
    const fields = checked(request.body, { required: MARKETING_FLAGS, checks });
    change(
      state,
      row,
      Object.fromEntries(Object.entries(fields).map(([flag, value]) => [flag, Number(value)])),
    );
    return views.marketing(row);
  });
}

/** Writing of clients, their addresses and what they may be sent. */
export function clients(app: FastifyInstance, state: PengaState, views: Views): void {
  persons(app, state, views);
  belongings(app, state, views);
}
