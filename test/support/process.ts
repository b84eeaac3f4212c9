import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { ServerUser } from '../../src/platform/database/embedded-place';

/** The project's folder. */
export const ROOT = join(__dirname, '../..');
/** The service, as it was built. */
export const SERVICE = join(ROOT, 'dist/main.js');

const POLL_MS = 25;
const PATIENCE_MS = 60_000;

/** A program of ours as a process of its own. */
export interface Running {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** How it ended; null while it runs. */
  readonly exit: () => Exit | null;
  readonly kill: (signal: NodeJS.Signals) => void;
}
/** How a process ended: one of the two is null. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}
interface Launch {
  readonly script: string;
  readonly cwd?: string;
  /** The whole environment but for PATH and TMPDIR: nothing else of the machine's slips in. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly as?: ServerUser | null;
  /** Hears each line that the process writes, whichever way. */
  readonly hears?: (line: string) => void;
}

const started = new Set<Running>();

/** Runs a script of the build's. */
export function launch({ script, cwd, env = {}, as, hears }: Launch): Running {
  const child = spawn(process.execPath, [script], {
    cwd,
    env: { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...as,
  });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (chunk: string) => (said[stream] += chunk));
    if (hears) createInterface({ input: child[stream] }).on('line', hears);
  }
  let exit: Exit | null = null;
  // Not 'exit': what was written last must have arrived.
  child.once('close', (code, signal) => (exit = { code, signal }));
  const running: Running = {
    pid: child.pid ?? 0,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    exit: () => exit,
    kill: (signal) => void child.kill(signal),
  };
  started.add(running);
  return running;
}

/** Ends what a failed test has left running. */
export function killLeftovers(): void {
  for (const running of started) if (running.exit() === null) running.kill('SIGKILL');
  started.clear();
}

/** Asks until there is an answer; fails with what was waited for, and what `why` has to add. */
export async function eventually<T>(
  what: string,
  ask: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  { withinMs = PATIENCE_MS, why = (): string => '' } = {},
): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (performance.now() > until)
      throw new Error(`Not within ${String(withinMs / 1000)} s: ${what}\n${why()}`);
    await pause(POLL_MS);
  }
}

/** Waits for a piece of what a process says; fails at once when it ends before. */
export function says(running: Running, pattern: RegExp): Promise<RegExpExecArray> {
  const everything = (): string => `${running.stdout()}\n${running.stderr()}`;
  return eventually(
    `the process says ${String(pattern)}`,
    () => {
      const found = pattern.exec(running.stdout());
      if (!found && running.exit())
        throw new Error(`It ended before it said ${String(pattern)}\n${everything()}`);
      return found;
    },
    { why: everything },
  );
}

/** Waits until a process has ended. */
export const ends = (running: Running, withinMs = PATIENCE_MS): Promise<Exit> =>
  eventually('the process ends', running.exit, {
    withinMs,
    why: () => `${running.stdout()}\n${running.stderr()}`,
  });

/** Asks a process to stop as an orchestrator does. */
export function stop(running: Running, withinMs = 10_000): Promise<Exit> {
  running.kill('SIGTERM');
  return ends(running, withinMs);
}

/** Waits until the service listens; gives its address. */
export async function addressOf(service: Running): Promise<string> {
  return (await says(service, /"url":"(http:[^"]+)".*"msg":"ready"/))[1]!;
}
