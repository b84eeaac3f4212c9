import { Halt, type Ready } from './beginnings.service';
import { BulkService, type Placed } from './bulk.service';
import type { Asker, Write } from './write';

const ASKER = { tenantId: 'T-1' } as Asker;
const DONE = { status: 200, body: '{}', headers: {} };

/** A batch of updates at a vendor that takes many at once; `begin` says what becomes of each. */
function batch(begin: (id: string) => Promise<Write | Halt>) {
  const sent: string[] = [];
  const ended: string[] = [];
  const bulk = (items: readonly { patch: { id: string } }[]): Promise<object[]> => {
    sent.push(...items.map(({ patch }) => patch.id));
    return Promise.resolve(items.map(() => ({})));
  };
  const service = new BulkService({
    beginnings: {
      ready: (_asker: Asker, wish: { id: string }) =>
        Promise.resolve({
          wish,
          prepared: { op: 'update', request: { draft: { id: wish.id } } },
          session: { connection: { id: 'C-1' }, ports: { clients: { bulk } } },
          trace: { sent: 0, applied: 0, heldUntil: null },
        }),
      begin: ({ wish }: Ready) => begin(wish.id ?? ''),
      ended: ({ id }: Write) => ended.push(id),
    },
    settlement: { applied: () => Promise.resolve(DONE) },
  } as never);
  const placed = ['a', 'b', 'c'].map(
    (id, index) =>
      ({ index, wish: { id, op: 'update', resource: 'clients' }, key: null }) as unknown as Placed,
  );
  return { sent, ended, execute: () => service.execute(ASKER, placed) };
}

const writeOf = (id: string): Write =>
  ({
    id,
    op: 'update',
    resource: 'clients',
    request: { draft: { id }, known: [], ref: null },
  }) as unknown as Write;

it.each<[string, () => Promise<Halt>]>([
  ['busy', () => Promise.resolve(new Halt('busy'))],
  ['not kept, since the database failed', () => Promise.reject(new Error('connection lost'))],
])('one that is %s has its turn by itself; the others are sent, and let go of', async (_what, fail) => {
  const { execute, sent, ended } = batch((id) => (id === 'b' ? fail() : Promise.resolve(writeOf(id))));
  const answers = await execute();
  expect([...answers]).toEqual([
    [0, DONE],
    [2, DONE],
  ]);
  expect([sent, ended]).toEqual([
    ['a', 'c'],
    ['a', 'c'],
  ]);
});
