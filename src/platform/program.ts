import { ConfigError } from './config';

/** Notes how to let go of something; what is still being made is waited for first. */
export type Keep = (release: () => Promise<unknown>) => void;

/**
 * Runs a program until SIGTERM or SIGINT, which it obeys from its first moment. Whatever it has taken is let go of, the last
 * first: when it is told to stop, before it is ready too, and when it cannot start.
 */
export function runProgram(start: (keep: Keep) => Promise<void>): void {
  const held: (() => Promise<unknown>)[] = [];
  let stopping = false;
  const end = async (code: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    const released = await letGo(held);
    process.exit(released ? code : 1);
  };
  process.on('SIGTERM', () => void end(0));
  process.on('SIGINT', () => void end(0));
  start((release) => held.push(release)).catch((error: unknown) => {
    // What breaks because the program stops meanwhile is nobody's concern.
    if (!stopping) process.stderr.write(`${wordsFor(error)}\n`);
    void end(1);
  });
}

async function letGo(held: readonly (() => Promise<unknown>)[]): Promise<boolean> {
  const problems: unknown[] = [];
  for (const release of [...held].reverse()) await release().catch((error: unknown) => problems.push(error));
  for (const problem of problems) process.stderr.write(`Could not stop cleanly: ${wordsFor(problem)}\n`);
  return problems.length === 0;
}

/** One line for what a person can put right, such as a port that is taken; the place in the program for the rest. */
function wordsFor(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof ConfigError || 'syscall' in error ? error.message : (error.stack ?? error.message);
}
