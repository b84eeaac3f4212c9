import { setTimeout as pause } from 'node:timers/promises';
import type { Faker } from '@faker-js/faker';
import type { Desk } from '../support/bookings';
import type { Answer, Call } from '../support/calls';
import type { Gateway } from '../support/gateway';
import { askTogether } from './callers';
import type { Appointment, Errand } from './errands';
import { trouble } from './storm';

/** Who is asked, and what happens to them. */
export interface Stage {
  readonly desk: Desk;
  /** The processes of the service, all on one database. */
  readonly gateways: readonly Gateway[];
  /** The same key at each of them. */
  readonly calls: readonly Call[];
  readonly random: Faker;
  readonly kills: number;
}
/** What an errand's callers were told in the end. */
export interface Told {
  readonly errand: Errand;
  readonly answers: readonly Answer<Appointment>[];
}

const LANES = 6;
const SOON_MS = 150;

/** Kills a process in the middle of whatever it does, and starts it again. */
async function killOne({ gateways, random }: Stage): Promise<void> {
  const gateway = random.helpers.arrayElement(gateways);
  await pause(random.number.int({ max: SOON_MS }));
  await gateway.kill('SIGKILL');
  await gateway.restart();
}

/** After which errands a process is killed: anywhere but at the very end, where little is under way. */
const killsAmong = (count: number, { random, kills }: Stage): Set<number> =>
  new Set(
    random.helpers.arrayElements(
      Array.from({ length: Math.ceil(count * 0.9) }, (_, i) => i),
      kills,
    ),
  );

/** Sends all errands, some at a time, each by all its callers, while the vendor fails and processes die. */
export async function runErrands(errands: readonly Errand[], stage: Stage): Promise<Told[]> {
  const { desk, calls, random } = stage;
  const { sandbox } = desk.clinic;
  const storm = errands.map(({ deed }) => trouble(random, deed));
  const fatal = killsAmong(errands.length, stage);
  const told: Promise<Told>[] = [];
  let killing: Promise<void> = Promise.resolve();
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let i = next++; i < errands.length; i = next++) {
      const errand = errands[i] as Errand;
      const fault = storm[i];
      if (fault) sandbox.fail(fault);
      if (fatal.has(i)) killing = killing.then(() => killOne(stage));
      const { settled } = await askTogether(errand, calls, random);
      const last = settled.then((answers) => ({ errand, answers }));
      // Its failure is reported by whoever waits for all of them, and must not end the process before.
      last.catch(() => undefined);
      told.push(last);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  await killing;
  sandbox.heal();
  return Promise.all(told);
}
