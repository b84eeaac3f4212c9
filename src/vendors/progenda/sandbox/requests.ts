import type { FastifyRequest } from 'fastify';
import type { Calendar, State } from './state';

/** A refusal. Progenda documents neither statuses nor bodies: these are the framework's usual ones (Rails). */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly body: Readonly<Record<string, unknown>>,
  ) {
    super(JSON.stringify(body));
  }
}

/** A refusal in words. */
export const refuse = (status: number, error: string): Refusal => new Refusal(status, { error });
/** A refusal of one field: `{"errors": {"remote_id": ["has already been taken"]}}`. */
export const refuseField = (field: string, problem: string, status = 422): Refusal =>
  new Refusal(status, { errors: { [field]: [problem] } });

const REMOTE_KEY = 'remote_id:';

/** What a path names: the center or calendar, and the record in it. */
function named(request: FastifyRequest): { owner: number; key: string } {
  const { owner, key } = request.params as { owner: string; key?: string };
  return { owner: /^\d{1,15}$/.test(owner) ? Number(owner) : NaN, key: key ?? '' };
}

/** Whether the path names a record by the caller's id. */
export const isRemoteKey = (request: FastifyRequest): boolean => named(request).key.startsWith(REMOTE_KEY);

/** The records of the center or calendar that the path names. */
export function tableOf<T>(tables: ReadonlyMap<number, T>, request: FastifyRequest): T {
  const found = tables.get(named(request).owner);
  if (found === undefined) throw refuse(404, 'Not Found');
  return found;
}

/** The calendar that the path names. */
export function calendarOf(state: State, request: FastifyRequest): Calendar {
  const found = state.calendars.find(({ id }) => id === named(request).owner);
  if (found === undefined) throw refuse(404, 'Not Found');
  return found;
}

/** The record that the path names, by either id. */
export function rowOf<T>(
  {
    byId,
    byRemoteId,
  }: { readonly byId: ReadonlyMap<number, T>; readonly byRemoteId: ReadonlyMap<string, T> },
  request: FastifyRequest,
): T {
  const { key } = named(request);
  const found = isRemoteKey(request) ? byRemoteId.get(key.slice(REMOTE_KEY.length)) : byId.get(Number(key));
  if (found === undefined) throw refuse(404, 'Not Found');
  return found;
}

/** An integer of the query, null where it is not given; refused where it is none. */
export function integerIn(request: FastifyRequest, name: string): number | null {
  const value = (request.query as Record<string, unknown>)[name];
  if (value === undefined) return null;
  if (typeof value !== 'string' || !/^-?\d{1,12}$/.test(value))
    throw refuse(422, `${name} must be an integer`);
  return Number(value);
}

/** An object of unknown fields. */
export type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What stands in the envelope of a body: `{"patient": {…}}`. Without the envelope the body is refused. */
export function inEnvelope(body: unknown, name: string): Fields {
  const inner = isObject(body) ? body[name] : undefined;
  if (!isObject(inner)) throw refuse(400, `param is missing or the value is empty: ${name}`);
  return inner;
}

/** The records of a bulk body: `{"patients_collection": {"patients": [{"patient": {…}}]}}`. */
export function inCollection(body: unknown, [plural, singular]: readonly [string, string]): Fields[] {
  const list = inEnvelope(body, `${plural}_collection`)[plural];
  if (!Array.isArray(list)) throw refuse(400, `param is missing or the value is empty: ${plural}`);
  return list.map((row) => inEnvelope(row, singular));
}
