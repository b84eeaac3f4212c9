import { en, Faker } from '@faker-js/faker';
import { VENDORS } from '../../src/vendors/registry';
import { CASES } from '../contract/vendors';
import { openDesk, type Desk } from '../support/bookings';
import { startClinic, type Clinic } from '../support/clinics';
import type { Gateway } from '../support/gateway';
import { namesByIds } from '../support/remote-names';
import { startReplicas, stopReplicas } from '../support/replicas';
import { CALLERS } from './callers';
import { planErrands, timesDone, type Appointment } from './errands';
import { heldAtVendor, leftOpen, saysAtVendor, saysHere } from './proofs';
import { runErrands, type Told } from './story';

const KEYS = Number(process.env['CHAOS_KEYS'] ?? 1000);
const SEED = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000);
/**
 * Short, so that what was lost is found out while the test waits; longer than any answer of the sandbox takes. Some lie
 * past the three seconds that a caller waits for.
 */
const LOOKS = { WRITE_LOOKS_SECONDS: '0.1,0.3,3.5,4,5' };
const STORY_MS = 600_000;
const YEAR_MS = 365 * 86_400_000;
const KILLS = 3;

let stories = 0;
/** Each story has its own dice: what happens in it does not depend on how the one before went. */
function dice(): Faker {
  const random = new Faker({ locale: [en] });
  random.seed(SEED + (stories += 1));
  return random;
}
const say = (line: string): void => void process.stderr.write(`  ${line}\n`);

/** What stands in the log of all processes that ever ran. */
const saidBy = (gateways: readonly Gateway[], words: string): number =>
  gateways.flatMap(({ log }) => log).filter((line) => line.includes(words)).length;

/** A story with a clinic, a database and processes of its own, so that none suffers for another. */
async function tell(vendor: string, { keys, processes }: { keys: number; processes: number }): Promise<void> {
  const clinic = await startClinic(vendor, { clients: 20, appointments: 60 });
  const gateways = await startReplicas(
    [clinic.sandbox],
    Array.from({ length: processes }, () => LOOKS),
  );
  try {
    await runStory(gateways, clinic, keys);
  } finally {
    await stopReplicas(gateways);
    await clinic.sandbox.close();
  }
}

async function runStory(gateways: readonly Gateway[], clinic: Clinic, keys: number): Promise<void> {
  const [first] = gateways as [Gateway];
  const { vendor } = clinic.sandbox;
  const random = dice();
  const tenant = await first.tenant('Northside Clinics');
  const desk = await openDesk(tenant, clinic, VENDORS.get(vendor)!);
  const key = await tenant.key();
  const errands = await planErrands(desk, random, keys);
  const [before, from] = [new Set(clinic.ids('appointments')), clinic.sandbox.ledger.length];
  const calls = gateways.map((gateway) => gateway.as(key));
  const told = await runErrands(errands, { desk, gateways, calls, random, kills: KILLS });

  expectOneAnswerEach(told);
  const ledger = clinic.sandbox.ledger.slice(from);
  const counts = errands.map((errand) => ({ ...errand, done: timesDone(errand, ledger) }));
  expect(counts.filter(({ done }) => done !== 1)).toEqual([]);
  const isNew = (id: string): boolean => !before.has(id);
  expect(clinic.ids('appointments').filter(isNew)).toHaveLength(
    errands.filter(({ deed }) => deed === 'book').length,
  );
  expect(await leftOpen(first)).toEqual({ writes: 0, keys: 0, times: 0, ids: 0 });
  await expectKept(desk, told);
  const unknown = saidBy(gateways, 'outcome of a write unknown');
  say(
    `${vendor}: ${String(keys)} keys, ${String(KILLS)} kills, ${String(unknown)} outcomes unknown at first`,
  );
  // Otherwise nothing was put to the test.
  expect(unknown).toBeGreaterThan(keys / 20);
}

/** All callers of a key were told the same, byte for byte, and it is what they had asked for. */
function expectOneAnswerEach(told: readonly Told[]): void {
  for (const { errand, answers } of told) {
    expect(answers).toHaveLength(CALLERS);
    const texts = new Set(answers.map(({ status, text }) => `${String(status)} ${text}`));
    expect([...texts]).toEqual([expect.stringMatching(new RegExp(`^${String(errand.status)} `))]);
    expect(new Set(answers.map(({ headers }) => headers.get('etag'))).size).toBe(1);
    const shown = answers[0]!.body;
    expect([shown.start, shown.status]).toEqual([
      errand.start,
      errand.deed === 'cancel' ? 'cancelled' : 'booked',
    ]);
    if (errand.of) expect(shown.id).toBe(errand.of.id);
  }
}

/** What was acknowledged is in the mirror and at the vendor, as it was acknowledged. */
async function expectKept(desk: Desk, told: readonly Told[]): Promise<void> {
  const mirror = new Map(
    (await desk.tenant.all<Appointment>(`/v1/appointments?connectionId=${desk.connectionId}`)).map((one) => [
      one.id,
      one,
    ]),
  );
  const now = Date.now();
  const window = { from: new Date(now).toISOString(), to: new Date(now + YEAR_MS).toISOString() };
  const held = await heldAtVendor(desk, 'appointments', window);
  const names = await namesByIds(desk.tenant, desk.connectionId);
  for (const { answers } of told) {
    const shown = answers[0]!.body;
    expect(mirror.get(shown.id)).toEqual(shown);
    const seen = held.get(names.get(shown.id)!);
    expect(saysHere(shown, names)).toMatchObject(seen ? saysAtVendor(seen) : { missing: shown.id });
  }
}

beforeAll(() => {
  say(`CHAOS_SEED=${String(SEED)} CHAOS_KEYS=${String(KEYS)}`);
});

describe('one process that is killed again and again', () => {
  it.each(CASES)(
    'writes each deed once at $name, and never forgets it',
    ({ name }) => tell(name, { keys: Math.ceil(KEYS / CASES.length), processes: 1 }),
    STORY_MS,
  );
});

describe('two processes on one database', () => {
  it(
    'write each deed once though the callers of a key reach both, and one or the other is killed',
    () => tell(dice().helpers.arrayElement(CASES).name, { keys: Math.ceil(KEYS / 10), processes: 2 }),
    STORY_MS,
  );
});
