import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 50;
/** For a busy machine: what must be sooner says so. */
const DEADLINE_MS = 30_000;

/** Asks again and again until the answer is the wanted one; past the deadline it fails with the last answer. */
export async function until<T>(
  ask: () => Promise<T> | T,
  isWanted: (answer: T) => boolean,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (performance.now() > end)
      throw new Error(`still not so after ${String(deadlineMs)} ms: ${JSON.stringify(answer)}`);
    await pause(POLL_MS);
  }
}
