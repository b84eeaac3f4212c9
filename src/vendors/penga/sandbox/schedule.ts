import type { Appointment, PengaState } from './state';

const before = (a: Appointment, start: number, id: string): boolean =>
  a.start_time < start || (a.start_time === start && a.external_id < id);

/** The first place in the schedule that does not lie before `start` (and `id`). */
export function placeOf({ schedule }: PengaState, start: number, id = ''): number {
  let [low, high] = [0, schedule.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (before(schedule[middle] as Appointment, start, id)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Puts an appointment into the schedule. */
export function schedule(state: PengaState, row: Appointment): void {
  state.schedule.splice(placeOf(state, row.start_time, row.external_id), 0, row);
  state.lists.clear();
}

/** Takes an appointment out of the schedule; where its start changes, before it does. */
export function unschedule(state: PengaState, row: Appointment): void {
  const place = placeOf(state, row.start_time, row.external_id);
  if (state.schedule[place] === row) state.schedule.splice(place, 1);
  state.lists.clear();
}
