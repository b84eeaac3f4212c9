import { BeginningsService, type Ready } from './beginnings.service';
import type { Asker, Wish } from './write';

const TENANT = 'T-1';
const NOW = Date.parse('2026-03-02T09:00:00Z');
const LEASE_MS = 15_000;

type Leaving = (phase: 'sent' | 'applied') => void;

/** A write whose intent is kept, and what its session calls when a request leaves. `stillOurs`: what a beat finds. */
async function begun(stillOurs: boolean): Promise<{ leaving: Leaving; ready: Ready }> {
  let leaving: Leaving | undefined;
  const beaten: string[][] = [];
  const service = new BeginningsService({
    database: {
      together: () => Promise.resolve([null, new Map(), null, { id: 'C-1' }]),
      inTenant: () => Promise.resolve('2026-03-02T09:00:00.000Z'),
    },
    sessions: {
      openFound: (_connection: object, _patience: number, wrote: Leaving) => {
        leaving = wrote;
        return Promise.resolve({ connection: { id: 'C-1' } });
      },
    },
    drafts: { prepare: () => Promise.resolve({ op: 'create', request: {}, takes: null }) },
    writes: {
      beat: (held: { id: string }[]) => {
        beaten.push(held.map(({ id }) => id));
        return Promise.resolve(new Set(stillOurs ? held.map(({ id }) => id) : []));
      },
    },
  } as never);
  const wish = { resource: 'clients', id: null, connectionId: 'C-1' } as unknown as Wish;
  const ready = (await service.ready({ tenantId: TENANT } as Asker, wish, null)) as Ready;
  await service.begin(ready, null);
  return { leaving: leaving!, ready };
}

beforeEach(() => {
  jest.useFakeTimers({ now: NOW });
});
afterEach(() => {
  jest.useRealTimers();
});

describe('a write whose intent is kept', () => {
  it('is sent while its lease lasts, however long its turn takes', async () => {
    const { leaving, ready } = await begun(true);
    await jest.advanceTimersByTimeAsync(4 * LEASE_MS);
    leaving('sent');
    expect(ready.trace.sent).toBe(1);
  });

  it('is not sent by a process that stood still: somebody may have looked for it, and said that it was not done', async () => {
    const { leaving, ready } = await begun(true);
    jest.setSystemTime(NOW + LEASE_MS);
    expect(() => {
      leaving('sent');
    }).toThrow(/held up/);
    expect(ready.trace.sent).toBe(0);
  });

  it('is not sent either once others look for it, though the process beats again', async () => {
    const { leaving } = await begun(false);
    jest.setSystemTime(NOW + LEASE_MS);
    await jest.advanceTimersByTimeAsync(LEASE_MS / 2);
    expect(() => {
      leaving('sent');
    }).toThrow(/held up/);
  });

  it('whose first request has left goes on to its next', async () => {
    const { leaving, ready } = await begun(true);
    leaving('sent');
    jest.setSystemTime(NOW + 2 * LEASE_MS);
    leaving('sent');
    expect(ready.trace.sent).toBe(2);
  });
});

it('a key whose first try holds the time itself is still running, and no other’s conflict', async () => {
  const service = new BeginningsService({
    database: { inTenant: (_tenant: string, work: (query: object) => unknown) => work({}) },
    keys: { take: () => Promise.resolve({ kind: 'running' }) },
    writes: { insert: () => Promise.resolve(null), hold: () => undefined },
    records: { isTaken: () => Promise.resolve(true) },
    identity: { reserve: () => undefined },
  } as never);
  const ready = {
    asker: { tenantId: TENANT },
    wish: { resource: 'appointments', id: null },
    prepared: { op: 'create', request: { vendor: 'penga' }, takes: {} },
    session: { connection: { id: 'C-1' } },
    current: null,
  } as unknown as Ready;
  const key = { key: 'k', part: -1, hash: Buffer.alloc(0) };
  expect(await service.begin(ready, key)).toMatchObject({ why: { kind: 'running' } });
  await expect(service.begin(ready, null)).rejects.toMatchObject({ code: 'slot_conflict' });
});
