import type { AppointmentStatus } from '../../canonical/appointment';
import { text } from '../../canonical/values';
import type { Warning } from '../kit/words';
import type { Flag, WireLabel } from './wire';

/** Penga's statuses are records that each practice renames; these are names whose meaning can be told. */
const STATUS_BY_NAME: Readonly<Record<string, AppointmentStatus>> = {
  pending: 'booked',
  booked: 'booked',
  confirmed: 'booked',
  scheduled: 'booked',
  completed: 'fulfilled',
  complete: 'fulfilled',
  attended: 'fulfilled',
  cancelled: 'cancelled',
  canceled: 'cancelled',
  arrived: 'arrived',
  'checked in': 'arrived',
  waiting: 'arrived',
  'did not attend': 'noshow',
  dna: 'noshow',
};
const STATUS_BY_BEGINNING: readonly (readonly [string, AppointmentStatus])[] = [
  ['missed', 'noshow'],
  ['no show', 'noshow'],
];

/** `No-Show` and `no  show` are one name. */
const plain = (name: string): string => name.toLowerCase().replace(/[\s_-]+/g, ' ');

function statusByName(name: string): AppointmentStatus | null {
  const key = plain(name);
  if (Object.hasOwn(STATUS_BY_NAME, key)) return STATUS_BY_NAME[key] ?? null;
  return STATUS_BY_BEGINNING.find(([beginning]) => key.startsWith(beginning))?.[1] ?? null;
}

/** What a status record means: by the connection's map, else by its name, else `booked` and a warning that names it. */
export function statusOf(
  wire: WireLabel | null | undefined,
  map: Readonly<Record<string, AppointmentStatus>> | undefined,
  warnings: Warning[],
): AppointmentStatus {
  const [id, name] = [text(wire?.external_id), text(wire?.name)];
  if (id !== null && map !== undefined && Object.hasOwn(map, id)) return map[id] as AppointmentStatus;
  const meant = name === null ? null : statusByName(name);
  if (meant !== null) return meant;
  const value = name ?? id;
  if (value !== null) warnings.push({ field: 'status', value });
  return 'booked';
}

const FLAGS: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [1, true],
  ['1', true],
  [true, true],
  [0, false],
  ['0', false],
  [false, false],
]);

/** Whether the client agreed: allowed and not opted out; null where Penga leaves that open. */
export function consent(allowed: Flag | undefined, optedOut: Flag | undefined): boolean | null {
  const [may, out] = [FLAGS.get(allowed), FLAGS.get(optedOut)];
  if (may === false || out === true) return false;
  return may === undefined || out === undefined ? null : true;
}
