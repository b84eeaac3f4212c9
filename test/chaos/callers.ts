import { setTimeout as pause } from 'node:timers/promises';
import type { Faker } from '@faker-js/faker';
import type { Answer, Call } from '../support/calls';
import type { Appointment, Errand } from './errands';

/** How many ask for the same thing under the same key at the same time. */
export const CALLERS = 20;
const PAUSE_MS = 700;
/** Seldom enough to leave a process that starts again room to do so. */
const KNOCK_MS = 1_000;
const PATIENCE_MS = 150_000;

/** One try: it ends with an answer. */
type Try = () => Promise<Answer<Appointment>>;

/** Knocks at one of the processes, whichever, until somebody answers: a process may be dead, or die over it. */
const trying =
  ({ request: { method, path, ...options } }: Errand, calls: readonly Call[], random: Faker): Try =>
  async () => {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const call = random.helpers.arrayElement(calls);
      const answer = await call<Appointment>(method, path, options).catch(() => null);
      if (answer) return answer;
      if (performance.now() > end) throw new Error('nobody answers any more');
      await pause(KNOCK_MS);
    }
  };

/** Whether whoever asks again is told the same. */
const isFinal = ({ status, problem }: Answer<Appointment>): boolean => status < 400 || !problem.retryable;

async function insist(ask: Try): Promise<Answer<Appointment>> {
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (isFinal(answer)) return answer;
    if (performance.now() > end) throw new Error(`still no final answer: ${answer.text}`);
    await pause(PAUSE_MS);
  }
}

/** Twenty ask at once. `settled` comes later: the final answer that each of them got in the end. */
export async function askTogether(
  errand: Errand,
  calls: readonly Call[],
  random: Faker,
): Promise<{ settled: Promise<Answer<Appointment>[]> }> {
  const ask = trying(errand, calls, random);
  const first = await Promise.all(Array.from({ length: CALLERS }, ask));
  const final = first.filter(isFinal);
  const settle = async (): Promise<Answer<Appointment>[]> => {
    // One asks until there is an answer, so that an outcome that takes its time is not drowned in questions.
    const known = final.length > 0 ? final : [await insist(ask)];
    const others = Array.from({ length: CALLERS - known.length }, () => insist(ask));
    return [...known, ...(await Promise.all(others))];
  };
  return { settled: settle() };
}
