import type { FastifyInstance } from 'fastify';
import { account } from './account';
import { listing } from './reads';
import { pageOf, parameters, whole } from './paging';
import {
  allKnown,
  checked,
  invalid,
  known,
  mail,
  need,
  password,
  phone,
  Refusal,
  sameAs,
  text,
  type Fields,
  type Rules,
} from './refusal';
import { add, change, FAILURE, forceAway, listed, OWNER, remove, seconds, standing, SUCCESS } from './state';
import type { PengaState, User } from './state';
import type { Views } from './views';

function rulesOf(state: PengaState, isNew: boolean): Rules {
  const checks = {
    email: mail,
    role: known(state.roles),
    first_name: text(45),
    last_name: text(45),
    password,
    password_confirmation: sameAs('password'),
    name: text(40),
    description: text(100),
    mobile: phone,
    departments: allKnown(state.departments),
  };
  const always = ['first_name', 'last_name'];
  return {
    required: isNew ? ['email', 'role', ...always, 'password', 'password_confirmation'] : always,
    checks,
  };
}

/** What of a user's body is kept: the password is not. */
function columns(state: PengaState, body: unknown, own: User | null): Partial<User> {
  const given = checked(body, rulesOf(state, own === null));
  const { password: secret, password_confirmation: again, ...fields }: Fields = given;
  if ((secret ?? null) !== (again ?? null))
    throw invalid({ password: ['The password confirmation does not match.'] });
  const taken = state.users.rows.some((row) => row !== own && row.email === fields['email']);
  if (taken) throw invalid({ email: ['The email has already been taken.'] });
  return fields;
}

/** Reading of users and roles. `GET user/undelete/{userId}` changes the clinic, as documented. */
function reads(app: FastifyInstance, state: PengaState, views: Views): void {
  const deleted = (id: string | undefined): User => {
    const row = state.users.byId.get(id ?? '');
    if (!row || row.deleted_at === null) throw new Refusal(404, 'Not Found');
    return row;
  };
  const gone = (row: User) => ({ ...views.user(row), deleted_at: row.deleted_at });
  app.get('/user', () => account(state, views));
  app.get('/user/all', () => standing(state, state.users).map(views.user));
  app.get('/user/deleted', () => state.users.rows.filter(({ deleted_at }) => deleted_at !== null).map(gone));
  app.get('/user/deleted/:id', (request) => gone(deleted(parameters(request)['id'])));
  app.get('/user/undelete/:id', (request) => {
    const row = state.users.byId.get(parameters(request)['id'] ?? '');
    if (!row || row.deleted_at === null) return FAILURE;
    change(state, row, { deleted_at: null });
    return SUCCESS;
  });
  app.get('/user/byname/:name', (request) => {
    const name = parameters(request)['name'];
    const row = standing(state, state.users).find((user) => user.name === name);
    if (!row) throw new Refusal(404, 'Not Found');
    return views.user(row);
  });
  app.get('/user/department/:department/perpage/:perPage', (request) => {
    const { external_id } = need(state.departments, parameters(request)['department']);
    const rows = listed(state, `users ${external_id}`, () =>
      standing(state, state.users).filter(({ departments }) => departments.includes(external_id)),
    );
    return pageOf(request, whole(rows), views.user);
  });
  const texts = ({ name, first_name, last_name, email }: User): string[] => [
    name,
    first_name,
    last_name,
    email,
  ];
  listing(app, state, { path: '/user', table: state.users, texts, view: views.user });
  app.get('/role', () => state.roles.rows.map(views.role));
  app.get('/role/:id', (request) => views.role(need(state.roles, parameters(request)['id'])));
}

/** Writing of users. Deleting for good what is deleted already answers 200 `{"success": false}`, as the reference shows. */
function writes(app: FastifyInstance, state: PengaState, views: Views): void {
  const idIn = (request: { params: unknown }): string => (request.params as { id: string }).id;
  app.post('/user', ({ body }) => {
    const fields = columns(state, body, null);
    const blank = {
      name: `${fields.first_name ?? ''} ${fields.last_name ?? ''}`,
      description: null,
      mobile: null,
      departments: [],
    };
    const row = add(state.users, { ...blank, ...fields, activated: 0 } as unknown as User, seconds(state));
    state.lists.clear();
    return views.user(row);
  });
  app.put('/user/:id', (request) => {
    const row = need(state.users, idIn(request));
    change(state, row, columns(state, request.body, row));
    return { ...views.user(row), activated: row.activated, deleted_at: row.deleted_at };
  });
  app.delete('/user/:id', (request) => {
    const row = need(state.users, idIn(request));
    return row.external_id === OWNER ? FAILURE : remove(state, row);
  });
  app.delete('/user/force/:id', (request) =>
    idIn(request) === OWNER ? FAILURE : forceAway(state, state.users, idIn(request)),
  );
}

/** Users and roles. */
export function staff(app: FastifyInstance, state: PengaState, views: Views): void {
  reads(app, state, views);
  writes(app, state, views);
}
