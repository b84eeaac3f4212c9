import type { Instant } from '../canonical/values';

/** An event as it is stored. `changed`, `doc` and `tail` are JSON text that nobody parses on its way out. */
export interface StoredEvent {
  readonly seq: number;
  readonly id: string;
  readonly type: string;
  readonly resource: string;
  readonly resourceId: string;
  readonly connectionId: string;
  readonly occurredAt: Instant;
  readonly changed: string;
  readonly doc: string;
  readonly tail: string;
}

/** How much a webhook tells: what has changed, or the record with it. */
export const PAYLOADS = ['thin', 'full'] as const;
export type Payload = (typeof PAYLOADS)[number];

/** The columns of an event, for a query that calls the table `v`. */
export const EVENT_COLUMNS = `v.seq, v.id as "id", v.type, v.resource, v.resource_id as "resourceId",
  v.connection_id as "connectionId", v.occurred_at as "occurredAt", to_json(v.changed) as changed, v.doc, v.tail`;

/** The record as the API showed it then. When it was last seen at the vendor is no part of a change: null. */
const snapshot = ({ doc, tail }: Pick<StoredEvent, 'doc' | 'tail'>): string =>
  `${doc.slice(0, -1)}${tail},"syncedAt":null}`;

/** An event as `GET /v1/events` shows it: the same bytes each time. */
export const eventText = (event: StoredEvent): string =>
  `{"id":"${event.id}","type":"${event.type}","occurredAt":"${event.occurredAt}","connectionId":"${event.connectionId}"` +
  `,"resource":"${event.resource}","resourceId":"${event.resourceId}","changed":${event.changed},"data":${snapshot(event)}}`;

/** An event as a webhook tells it: the same bytes at each try. */
export function messageText(event: Omit<StoredEvent, 'id'>, payload: Payload): string {
  const { type, occurredAt, resourceId, connectionId, resource, changed } = event;
  const record = payload === 'full' ? `,"record":${snapshot(event)}` : '';
  const data = `{"id":"${resourceId}","connectionId":"${connectionId}","resource":"${resource}","changed":${changed}${record}}`;
  return `{"type":"${type}","timestamp":"${occurredAt}","data":${data}}`;
}
