import { Temporal } from 'temporal-polyfill';
import type { Shown } from '../support/calls';
import { everyObject } from './alterations';
import type { Row } from './row';
import { outcomeOf, type Scene } from './scene';

type Json = Readonly<Record<string, unknown>>;
type Appointment = Shown<'appointments'>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WORD = 'Abducted';

/** Changes one record wherever it stands in an answer. */
const only =
  (remoteId: string, change: (record: Json) => Json) =>
  (body: unknown): unknown =>
    everyObject(body, (one) =>
      String(one['external_id'] ?? one['id']) === remoteId ? { ...one, ...change(one) } : one,
    );

async function one(scene: Scene, wanted: (appointment: Appointment) => boolean): Promise<Appointment> {
  await scene.sync('appointments');
  const found = (await scene.records('appointments')).find((each) => each.start !== null && wanted(each));
  if (!found) throw new Error(`no appointment of ${scene.vendor} is as this story needs it`);
  return found;
}

/** How each vendor says a word that it never said before. Cliniko has none but for why it was cancelled. */
const WORDS: Readonly<Record<string, Json>> = {
  penga: { appointmentstatus: { external_id: 'AS-99999999', name: WORD } },
  progenda: { status: WORD },
  pexip: { status: WORD },
  cliniko: { cancellation_reason: WORD, cancellation_reason_description: null },
};

/** A word for which there is no table, in a record of a list. */
async function unknownWord(scene: Scene): Promise<object> {
  const usual = scene.vendor === 'cliniko' ? 'cancelled' : 'booked';
  const before = await one(scene, ({ status }) => status === usual);
  const told = async (): Promise<boolean> => (await scene.warnings()).includes(WORD);
  scene.altering(
    'appointments',
    only(before.remoteId, () => WORDS[scene.vendor]!),
  );
  const sync = await scene.sync('appointments');
  const { status, remoteStatus, cancellation, id } = await scene.record('appointments', before.remoteId);
  const warns = await told();
  scene.clinic.sandbox.heal();
  await scene.sync('appointments');
  const after = await scene.record('appointments', before.remoteId);
  return {
    ...outcomeOf(sync),
    setAside: sync.resources.appointments?.failed,
    deleted: sync.resources.appointments?.deleted,
    shown: { status, word: remoteStatus ?? cancellation?.remoteReason, why: cancellation?.reason ?? null },
    isSame: id === before.id,
    warns,
    then: { status: after.status, warns: await told() },
  };
}

/** What each vendor's clinics live by. */
const ZONES: Readonly<Record<string, string>> = {
  penga: 'Europe/London',
  progenda: 'Europe/Brussels',
  pexip: 'Europe/Brussels',
  cliniko: 'Australia/Sydney',
};

/** Half an hour before and after the next two changes of the clocks: around the hour that is skipped, and in both that are one on the clock. */
function changesOf(zone: string): readonly string[] {
  const found: string[] = [];
  let now = Temporal.Now.zonedDateTimeISO(zone);
  for (let nth = 0; nth < 2; nth += 1) {
    now = now.getTimeZoneTransition('next') ?? now;
    for (const minutes of [-30, 30])
      found.push(new Date(now.epochMilliseconds + minutes * MINUTE_MS).toISOString());
  }
  return found;
}

/** Appointments at these moments, as the vendor writes them; then one that a caller moves there, and the vendor's word for it. */
async function clocksChange(scene: Scene): Promise<object> {
  const moments = changesOf(ZONES[scene.vendor]!);
  const isBooked = ({ status, start }: Appointment): boolean => status === 'booked' && start !== null;
  await scene.sync('appointments');
  const chosen = (await scene.records('appointments')).filter(isBooked).slice(0, moments.length);
  const minutes = chosen.map(
    ({ start }, nth) => (Date.parse(moments[nth]!) - Date.parse(start!)) / MINUTE_MS,
  );
  for (const [nth, { remoteId }] of chosen.entries()) scene.life.move(remoteId, minutes[nth]!);
  const sync = await scene.sync('appointments');
  const read: boolean[] = [];
  for (const [nth, { remoteId, start, end }] of chosen.entries()) {
    const now = await scene.record('appointments', remoteId);
    const lasts = Date.parse(end!) - Date.parse(start!);
    read.push(now.start === moments[nth] && Date.parse(now.end!) - Date.parse(now.start) === lasts);
  }
  // Nobody but the first is there any more.
  for (const [nth, { remoteId }] of chosen.entries()) scene.life.move(remoteId, -minutes[nth]!);
  const written: unknown[] = [];
  for (const moment of moments) {
    const local = Temporal.Instant.from(moment).toZonedDateTimeISO(ZONES[scene.vendor]!);
    const [start, end] = [local, local.add({ minutes: 30 })].map((at) =>
      at.toString({ timeZoneName: 'never' }),
    );
    const changed = await scene.change('appointments', chosen[0]!, { start, end });
    const seen = await scene.fresh('appointments', chosen[0]!);
    written.push(changed.status === 200 ? seen.body.start === moment : changed.text);
  }
  return { ...outcomeOf(sync), read, written };
}

/** Each vendor's field for the start of an appointment. */
const STARTS: Readonly<Record<string, string>> = {
  penga: 'start_time',
  progenda: 'start',
  pexip: 'start',
  cliniko: 'starts_at',
};

/** A time without a zone, in the hour that no clock of the place shows. */
async function withoutZone(scene: Scene): Promise<object> {
  const before = await one(scene, ({ status }) => status === 'booked');
  const [moment] = changesOf(ZONES[scene.vendor]!);
  const written = Temporal.Instant.from(moment!).toZonedDateTimeISO('UTC').toPlainDateTime().toString();
  scene.altering(
    'appointments',
    only(before.remoteId, () => ({ [STARTS[scene.vendor]!]: written })),
  );
  const sync = await scene.sync('appointments');
  const after = await scene.record('appointments', before.remoteId);
  scene.clinic.sandbox.heal();
  const then = outcomeOf(await scene.sync('appointments')).sync;
  return {
    ...outcomeOf(sync),
    setAside: sync.resources.appointments?.failed,
    deleted: sync.resources.appointments?.deleted,
    stays: after.start === before.start && after.version === before.version,
    then,
  };
}

/** The same moments, written with the offset of the place. */
async function withOffset(scene: Scene): Promise<object> {
  await scene.sync('appointments');
  const zone = ZONES[scene.vendor]!;
  const local = (value: unknown): unknown =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT.*Z$/.test(value)
      ? Temporal.Instant.from(value).toZonedDateTimeISO(zone).toString({ timeZoneName: 'never' })
      : value;
  scene.altering('appointments', (body) =>
    everyObject(body, (record) =>
      Object.fromEntries(Object.entries(record).map(([key, value]) => [key, local(value)])),
    ),
  );
  const sync = await scene.sync('appointments');
  return { ...outcomeOf(sync), updated: sync.resources.appointments?.updated };
}

/** So many requests are one reading of one client: Cliniko is asked for those it hides, then for the others. */
const READS: Readonly<Record<string, number>> = { cliniko: 2 };

/** The vendor says of one client alone that there is none: once, then again and again, though its list has it. */
async function notFound(scene: Scene): Promise<object> {
  await scene.sync('clients');
  const before = await scene.standing('clients');
  const client = await scene.record('clients', before[0]!);
  const hide = (times: number): void => {
    const fault = { kind: 'status', status: 404 } as const;
    scene.clinic.sandbox.fail({ fault, method: 'GET', path: `/${client.remoteId}(\\?|$)`, times });
  };
  const stands = async (): Promise<boolean> => (await scene.standing('clients')).includes(client.remoteId);
  hide(READS[scene.vendor] ?? 1);
  const once = (await scene.fresh('clients', client)).status;
  const standsStill = await stands();
  hide(1_000);
  const { status, problem } = await scene.fresh('clients', client);
  const standsThen = await stands();
  const { resources, ...listed } = await scene.sync('clients');
  const deleted = resources.clients?.deleted;
  const isBack = (await scene.record('clients', client.remoteId)).id === client.id;
  return {
    once,
    standsStill,
    always: [status, problem.code],
    standsThen,
    listed: { ...outcomeOf({ ...listed, resources }), deleted, isBack },
    wrong: before.length - (await scene.standing('clients')).length,
  };
}

/** What changes at a vendor whose clock is not ours, between two readings of what changed. */
const otherClock =
  (aheadMs: number) =>
  async (scene: Scene): Promise<object> => {
    scene.setClock(aheadMs);
    try {
      const first = [await scene.sync('clients'), await scene.sync('appointments')].map(outcomeOf);
      const [client, appointment] = [
        (await scene.standing('clients'))[1]!,
        await one(scene, ({ status }) => status === 'booked'),
      ];
      const name = `Clock ${String(aheadMs)}`;
      scene.clinic.rename(client, name);
      scene.life.move(appointment.remoteId, 15);
      const came = scene.life.admit(client, 'Newcomer');
      const then = [
        await scene.sync('clients', 'incremental'),
        await scene.sync('appointments', 'incremental'),
      ];
      const moved = await scene.record('appointments', appointment.remoteId);
      return {
        syncs: [...first, ...then.map(outcomeOf)].map(({ sync }) => sync),
        renamed: (await scene.record('clients', client)).lastName === name,
        came: (await scene.standing('clients')).includes(came),
        moved: Date.parse(moved.start!) - Date.parse(appointment.start!) === 15 * MINUTE_MS,
      };
    } finally {
      scene.setClock();
    }
  };

/** A create whose answer is lost: it is looked for among what was made since then, by the vendor's clock. */
async function lostCreate(scene: Scene): Promise<object> {
  const { sandbox } = scene.clinic;
  const lastName = 'Lovelace';
  await scene.sync('clients');
  sandbox.fail({
    fault: { kind: 'lost_answer' },
    method: 'POST',
    path: '/(clients|patients|customers)(\\?|$)',
  });
  scene.setClock(-HOUR_MS);
  try {
    const before = sandbox.ledger.length;
    const { status, text } = await scene.admit(lastName);
    const made = sandbox.ledger.slice(before).filter(({ method }) => method === 'POST').length;
    const held = (await scene.records('clients')).filter((client) => client.lastName === lastName).length;
    return { answer: status === 201 ? status : text, made, held };
  } finally {
    scene.setClock();
  }
}

const WELL = { sync: 'succeeded', errors: [] } as const;
/** What becomes of a status that nobody knows, as the canonical model says. */
const DEFAULTS: Readonly<Record<string, string>> = {
  penga: 'booked',
  progenda: 'booked',
  pexip: 'pending',
  cliniko: 'cancelled',
};
const CAUGHT_UP = {
  syncs: ['succeeded', 'succeeded', 'succeeded', 'succeeded'],
  renamed: true,
  came: true,
  moved: true,
} as const;

/** Records that are not as the vendor's documentation has them, and times that are not as ours. */
export const ODD_RECORDS: readonly Row[] = [
  {
    name: 'a word that nobody knows',
    story: unknownWord,
    seen: {
      story: (vendor) => ({
        ...WELL,
        setAside: 0,
        deleted: 0,
        shown: { status: DEFAULTS[vendor], word: WORD, why: null },
        isSame: true,
        warns: true,
        then: { status: vendor === 'cliniko' ? 'cancelled' : 'booked', warns: false },
      }),
    },
  },
  {
    name: 'appointments in the hours in which the clocks change',
    story: clocksChange,
    seen: {
      story: { ...WELL, read: [true, true, true, true], written: [true, true, true, true] },
    },
  },
  {
    name: 'a time without a zone: nobody guesses which it is',
    story: withoutZone,
    seen: {
      story: {
        sync: 'partial',
        errors: ['invalid_record'],
        setAside: 1,
        deleted: 0,
        stays: true,
        then: 'succeeded',
      },
    },
  },
  {
    name: 'the same times with the offset of the place',
    story: withOffset,
    // The others count seconds.
    vendors: ['pexip', 'cliniko'],
    seen: { story: { ...WELL, updated: 0 } },
  },
  {
    name: 'a 404 for one record alone',
    story: notFound,
    // Progenda reads no record by itself.
    vendors: ['penga', 'pexip', 'cliniko'],
    seen: {
      story: {
        once: 200,
        standsStill: true,
        always: [404, 'vendor_gone'],
        standsThen: false,
        listed: { ...WELL, deleted: 0, isBack: true },
        wrong: 0,
      },
    },
  },
  {
    name: 'a vendor whose clock is an hour ahead',
    story: otherClock(HOUR_MS),
    seen: { story: CAUGHT_UP },
  },
  {
    name: 'a vendor whose clock is an hour behind',
    story: otherClock(-HOUR_MS),
    seen: { story: CAUGHT_UP },
  },
  {
    name: 'a lost answer to a create, where the clock is an hour behind',
    story: lostCreate,
    seen: { story: { answer: 201, made: 1, held: 1 } },
  },
];
