import { setTimeout as pause } from 'node:timers/promises';
import type { Faker } from '@faker-js/faker';
import { lifeOf } from '../support/clinic-life';
import type { Clinic } from '../support/clinics';
import { FRESH, type Call, type ListOf, type Shown } from '../support/calls';
import type { Gateway } from '../support/gateway';

const DAY_MS = 86_400_000;
/** Fewer than a tenth of what a whole read may find missing at once. */
const [MOST_REMOVED, MOST_CALLED_OFF] = [4, 8];
const CHANGE_MS = 250;
const ASK_MS = 600;
const [KILL_AFTER_MS, DEAD_MS] = [9_000, 2_000];

type Deed = 'rename' | 'admit' | 'move' | 'callOff' | 'remove';

/** How often each thing was done at a clinic. */
export type Done = Record<Deed, number>;

/** The days on which appointments are changed: well inside the window that a connection reads. */
export const daysOf = (now: number): { from: string; to: string } => ({
  from: new Date(now + DAY_MS).toISOString(),
  to: new Date(now + 20 * DAY_MS).toISOString(),
});

/** Staff of all clinics at work in their own programs, until told to stop. */
export async function live(
  clinics: readonly Clinic[],
  random: Faker,
  isOver: () => boolean,
): Promise<Done[]> {
  const done = clinics.map(() => ({ rename: 0, admit: 0, move: 0, callOff: 0, remove: 0 }));
  const lives = clinics.map(lifeOf);
  while (!isOver()) {
    const i = random.number.int({ max: clinics.length - 1 });
    const [clinic, life, count] = [clinics[i]!, lives[i]!, done[i]!];
    const deed = random.helpers.weightedArrayElement<Deed>([
      { value: 'rename', weight: 6 },
      { value: 'move', weight: 6 },
      { value: 'admit', weight: 2 },
      { value: 'callOff', weight: count.callOff < MOST_CALLED_OFF ? 1 : 0.001 },
      { value: 'remove', weight: count.remove < MOST_REMOVED ? 1 : 0.001 },
    ]);
    const client = random.helpers.arrayElement(clinic.ids('clients'));
    const appointment = random.helpers.arrayElement(clinic.ids('appointments', daysOf(Date.now())));
    const name = random.person.lastName();
    ({
      rename: () => {
        clinic.rename(client, name);
      },
      admit: () => void life.admit(client, name),
      move: () => {
        life.move(appointment, random.helpers.arrayElement([15, 30, -15, -30]));
      },
      callOff: () => {
        life.callOff(appointment);
      },
      remove: () => {
        clinic.remove(client);
      },
    })[deed]();
    count[deed] += 1;
    await pause(random.number.int({ max: 2 * CHANGE_MS }));
  }
  return done;
}

/** What a caller may be told while all this goes on: the record changed or went meanwhile, or the vendor is too busy. */
const MAY_BE = new Set([200, 404, 409, 412, 422, 503]);

/** A caller who looks clients up past the mirror and gives them other names; fails on an answer that nobody should get. */
export async function ask(call: Call, random: Faker, isOver: () => boolean): Promise<number> {
  let changed = 0;
  while (!isOver()) {
    const { data } = (await call<ListOf<Shown<'clients'>>>('GET', '/v1/clients?limit=100')).need(200);
    const { id } = random.helpers.arrayElement(data);
    const answers = [await call('GET', `/v1/clients/${id}`, FRESH)];
    if (random.datatype.boolean(0.5)) {
      const headers = { 'idempotency-key': random.string.uuid() };
      const body = { lastName: random.person.lastName() };
      answers.push(await call('PATCH', `/v1/clients/${id}`, { body, headers }));
      if (answers.at(-1)!.status === 200) changed += 1;
    }
    for (const { status, text } of answers)
      if (!MAY_BE.has(status)) throw new Error(`a caller was told ${String(status)}: ${text}`);
    await pause(random.number.int({ max: 2 * ASK_MS }));
  }
  return changed;
}

/** Kills one worker after the other in the middle of whatever it does; each comes back. Gives how often. */
export async function kill(
  workers: readonly Gateway[],
  random: Faker,
  isOver: () => boolean,
): Promise<number> {
  let kills = 0;
  while (!isOver()) {
    await pause(random.number.int({ min: KILL_AFTER_MS / 2, max: KILL_AFTER_MS }));
    const worker = random.helpers.arrayElement(workers);
    await worker.kill('SIGKILL');
    kills += 1;
    await pause(random.number.int({ max: DEAD_MS }));
    await worker.restart();
  }
  return kills;
}
