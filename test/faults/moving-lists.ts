import type { Row } from './row';
import { outcomeOf, type Scene } from './scene';

const HOUR_MS = 3_600_000;
/** Into the first part of what is read, wherever a vendor's list begins with the oldest. */
const FAR_BACK_MS = 70 * 24 * HOUR_MS;

/** Who left a list, and who came into it. */
interface Change {
  readonly gone?: string;
  readonly come?: string;
}
/** What happens at the vendor; `ids` are those that its list held before, in its order. */
type Happening = (scene: Scene, ids: readonly string[]) => Change;

const leaves: Happening = ({ clinic }, ids) => {
  const gone = ids[3]!;
  clinic.remove(gone);
  return { gone };
};
const comes: Happening = ({ life }, ids) => ({ come: life.admit(ids[0]!, 'Newcomer') });

const without = (ids: readonly string[], others: readonly (string | undefined)[]): string[] => {
  const known = new Set(others);
  return ids.filter((id) => !known.has(id));
};
const differing = (a: readonly string[], b: readonly string[]): string[] => [
  ...without(a, b),
  ...without(b, a),
];

/** Something happens once the first page is read: those behind it slide over its border. Then all is read once more. */
async function slide(
  scene: Scene,
  happening: Happening,
  ids: readonly string[],
): Promise<{ seen: object; held: readonly string[]; requests: number }> {
  let change: Change = {};
  scene.between('clients', () => {
    change = happening(scene, ids);
  });
  const { result: meanwhile, requests } = await scene.asked('clients', () => scene.sync('clients'));
  const stay = without(ids, [change.gone]);
  const missed = without(stay, await scene.standing('clients')).length;
  const then = await scene.sync('clients');
  const held = await scene.standing('clients');
  const wrong = differing(held, change.come ? [...stay, change.come] : stay).length;
  return { seen: { ...outcomeOf(meanwhile), missed, then: outcomeOf(then).sync, wrong }, held, requests };
}

/** The same with a mirror that knows them all, and with one that is begun. `looksAgain`: more is asked for than else. */
const sliding =
  (happening: Happening, counts = false) =>
  async (scene: Scene): Promise<object> => {
    const { requests: calm } = await scene.asked('clients', () => scene.sync('clients'));
    const known = await slide(scene, happening, await scene.standing('clients'));
    const begun = await slide(await scene.again(), happening, known.held);
    const looksAgain = known.requests > calm;
    return { known: known.seen, begun: begun.seen, ...(counts ? { looksAgain } : {}) };
  };

/** Whose pages have no border that could be looked at: they are held against the vendor's count alone. */
const COUNTED_ALONE = ['penga', 'progenda'];
const RIGHT = { sync: 'succeeded', errors: [], missed: 0, then: 'succeeded', wrong: 0 } as const;

/** An appointment moves out of a part that is still to be read, into one that was read. */
async function moves(scene: Scene): Promise<object> {
  await scene.sync('appointments');
  const before = await scene.standing('appointments');
  const { practitionerId } = await scene.record('appointments', before[0]!);
  const [first, ...others] = (await scene.records('appointments'))
    .filter((one) => one.practitionerId === practitionerId && one.start !== null)
    .sort((a, b) => Date.parse(a.start!) - Date.parse(b.start!));
  const last = others.at(-1)!;
  const start = new Date(Date.parse(first!.start!) - FAR_BACK_MS).toISOString();
  scene.between('appointments', () => {
    scene.life.move(last.remoteId, (Date.parse(start) - Date.parse(last.start!)) / 60_000);
  });
  const meanwhile = outcomeOf(await scene.sync('appointments'));
  const missed = without(before, await scene.standing('appointments')).length;
  const then = outcomeOf(await scene.sync('appointments')).sync;
  const wrong = differing(before, await scene.standing('appointments')).length;
  const now = await scene.record('appointments', last.remoteId);
  return { ...meanwhile, missed, then, wrong, moved: now.start === start && now.id === last.id };
}

/** The same in both mirrors. */
const inBoth = (known: object, begun: object = known): object => ({ known, begun });

/** A list of clients that slides. Progenda has a thousand on a page: it is for those who have the time. */
const pages = (row: Row): readonly Row[] => [
  { ...row, vendors: ['penga', 'pexip', 'cliniko'] },
  { ...row, name: `${row.name}, of a thousand each`, vendors: ['progenda'], effort: 'none' },
];

/** Lists that change between two of their pages. */
export const MOVING_LISTS: readonly Row[] = [
  ...pages({
    name: 'a client leaves the list between two pages',
    story: sliding(leaves, true),
    // Cliniko's list shows whom it archived, too: nobody leaves it.
    seen: { story: (vendor) => ({ ...inBoth(RIGHT), looksAgain: vendor !== 'cliniko' }) },
  }),
  ...pages({
    name: 'a client comes into the list between two pages',
    story: sliding(comes),
    seen: { story: inBoth(RIGHT) },
  }),
  ...pages({
    name: 'one client leaves and one comes between two pages, and the count stays',
    story: sliding((scene, ids) => ({ ...leaves(scene, ids), ...comes(scene, ids) })),
    // Nothing tells of the third, who slid over the border: a mirror that is begun has it after the next reading only.
    seen: {
      story: (vendor) => inBoth(RIGHT, { ...RIGHT, missed: COUNTED_ALONE.includes(vendor) ? 1 : 0 }),
    },
  }),
  {
    name: 'an appointment moves to where the list was read already',
    story: moves,
    seen: { story: { ...RIGHT, moved: true } },
  },
];
