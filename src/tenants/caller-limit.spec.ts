import type { FastifyReply } from 'fastify';
import fc from 'fast-check';
import { Problem } from '../platform/http/problems';
import type { Caller } from '../platform/scopes';
import { CallerLimit } from './caller-limit';
import type { Allowance, CallerLimitRepository } from './caller-limit.repository';

const CALLER: Caller = { tenantId: 't', apiKeyId: 'k', scopes: ['read'] };
const MINUTE_MS = 60_000;

/** The table as the repository's statement keeps it, with a clock that is moved. */
class Books {
  now = 0;
  asked = 0;
  failing = false;
  private taken = 0;
  private endsAt = 0;

  readonly repository = {
    putBy: async (_caller: Caller, most: number, perMinute: number): Promise<Allowance> => {
      this.asked += 1;
      await Promise.resolve();
      if (this.failing) throw new Error('the database is silent');
      if (this.endsAt <= this.now) {
        this.taken = 0;
        this.endsAt = this.now + MINUTE_MS;
      }
      const left = perMinute - this.taken;
      const granted = Math.min(left, Math.max(Math.min(most, 1), Math.min(most, Math.floor(left / 4))));
      this.taken += granted;
      return { granted, remaining: perMinute - this.taken, endsInMs: this.endsAt - this.now };
    },
  } as unknown as CallerLimitRepository;
}

interface Taken {
  readonly isAllowed: boolean;
  readonly left: number;
  readonly seconds: number;
}
async function take(limit: CallerLimit, caller = CALLER): Promise<Taken> {
  const headers = new Map<string, string>();
  const reply = {
    header: (name: string, value: string) => headers.set(name, value),
  } as unknown as FastifyReply;
  const isAllowed = await limit.take(caller, reply).then(
    () => true,
    (error: unknown) => {
      if (!(error instanceof Problem)) throw error;
      return error.code !== 'rate_limited';
    },
  );
  const [, left, seconds] = /r=(\d+);t=(\d+)/.exec(headers.get('ratelimit') ?? '') ?? [];
  return { isAllowed, left: Number(left), seconds: Number(seconds) };
}

it('no minute holds more than allowed, whichever processes are asked, and little of it is out of reach', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 400 }),
      fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 900 }),
      async (perMinute, turns) => {
        const books = new Books();
        const processes = [0, 1, 2].map(() => new CallerLimit(books.repository, perMinute, () => books.now));
        let allowed = 0;
        for (const turn of turns) {
          books.now += 7;
          const { isAllowed, left } = await take(processes[turn]!);
          if (isAllowed) allowed += 1;
          expect(allowed).toBeLessThanOrEqual(perMinute);
          expect(left).toBeLessThanOrEqual(perMinute - 1);
        }
        const share = Math.ceil(perMinute / 16);
        expect(allowed).toBeGreaterThanOrEqual(Math.min(turns.length, perMinute - 2 * share));
      },
    ),
    { numRuns: 60 },
  );
});

it('asks the database for hundreds of requests at once, and no request waits for it but the first', async () => {
  const books = new Books();
  const limit = new CallerLimit(books.repository, 6000, () => books.now);
  for (let i = 0; i < 3000; i += 1) {
    books.now += 1;
    expect((await take(limit)).left).toBeLessThanOrEqual(6000 - i);
  }
  expect(books.asked).toBeLessThan(30);
});

it('many at once wait for one question, and one more fills up what they leave', async () => {
  const books = new Books();
  const limit = new CallerLimit(books.repository, 6000, () => books.now);
  const taken = await Promise.all(Array.from({ length: 300 }, () => take(limit)));
  expect(taken.every(({ isAllowed }) => isAllowed)).toBe(true);
  expect(books.asked).toBe(2);
});

it('a spent minute refuses without asking, says how long, and the next one begins anew', async () => {
  const books = new Books();
  const limit = new CallerLimit(books.repository, 5, () => books.now);
  for (let i = 0; i < 5; i += 1) expect((await take(limit)).isAllowed).toBe(true);
  const { asked } = books;
  books.now += 20_000;
  expect(await take(limit)).toEqual({ isAllowed: false, left: 0, seconds: 40 });
  expect(books.asked).toBe(asked);
  books.now += 40_000;
  expect(await take(limit)).toMatchObject({ isAllowed: true, left: 4, seconds: 60 });
});

it('what is held of one minute is not carried into the next', async () => {
  const books = new Books();
  const limit = new CallerLimit(books.repository, 160, () => books.now);
  await take(limit);
  books.now += 59_999;
  await take(limit);
  books.now += 2;
  let allowed = 0;
  for (let i = 0; i < 200; i += 1) if ((await take(limit)).isAllowed) allowed += 1;
  expect(allowed).toBe(160);
});

it('hears of what other processes have put by', async () => {
  const books = new Books();
  const [one, other] = [0, 1].map(() => new CallerLimit(books.repository, 1600, () => books.now));
  await take(one!);
  for (let i = 0; i < 800; i += 1) await take(other!);
  books.now += 1_000;
  await take(one!);
  await Promise.resolve();
  expect((await take(one!)).left).toBeLessThanOrEqual(800);
});

it('goes on with what it holds while the database is silent, and then says so', async () => {
  const books = new Books();
  const limit = new CallerLimit(books.repository, 160, () => books.now);
  await take(limit);
  books.failing = true;
  for (let i = 0; i < 9; i += 1) expect((await take(limit)).isAllowed).toBe(true);
  await expect(take(limit)).rejects.toThrow('the database is silent');
});
