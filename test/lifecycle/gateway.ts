import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ServerUser } from '../../src/platform/database/embedded-place';

export const ROOT = join(__dirname, '../..');
export const SERVICE = join(ROOT, 'dist/main.js');
export const DEMO = join(ROOT, 'dist/demo/main.js');

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
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}
interface Launch {
  readonly script: string;
  readonly cwd: string;
  /** The whole environment but for PATH: nothing of the machine's slips in. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly as?: ServerUser | null;
}

const started = new Set<Running>();

/** Runs a script of the build's. */
export function launch({ script, cwd, env = {}, as }: Launch): Running {
  const child = spawn(process.execPath, [script], {
    cwd,
    env: { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...as,
  });
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (chunk: string) => (said[stream] += chunk));
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

export const OPERATOR_KEY = `operator-${randomBytes(24).toString('hex')}`;

/** An environment in which nothing is left out. */
export const completeEnv = (databaseUrl: string): Record<string, string> => ({
  PORT: '0',
  DATABASE_URL: databaseUrl,
  ADMIN_API_KEY: OPERATOR_KEY,
  ENCRYPTION_KEYS: `test:${randomBytes(32).toString('base64')}`,
});

/** Waits until the service listens; gives its address. */
export async function addressOf(service: Running): Promise<string> {
  return (await says(service, /"url":"(http:[^"]+)"/))[1]!;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- its shape is what the tests assert
  readonly body: any;
}

/** One request, of ten seconds at most; no connection is kept, so that none hides whether the server still listens. */
export async function call(
  url: string,
  { method = 'GET', key, body }: { method?: string; key?: string; body?: unknown } = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    signal: AbortSignal.timeout(10_000),
    headers: {
      connection: 'close',
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : null };
}

/** Makes a tenant and a key that may do everything. */
export async function makeTenant(url: string): Promise<{ tenantId: string; key: string }> {
  const made = await call(`${url}/v1/tenants`, {
    method: 'POST',
    key: OPERATOR_KEY,
    body: { name: 'Northside clinics', slug: `northside-${randomBytes(4).toString('hex')}` },
  });
  const key = await call(`${url}/v1/tenants/${String(made.body.id)}/api-keys`, {
    method: 'POST',
    key: OPERATOR_KEY,
    body: { name: 'desk', scopes: ['read', 'write', 'passthrough', 'manage'] },
  });
  return { tenantId: made.body.id as string, key: key.body.key as string };
}

/** Connects a tenant to a sandbox; gives the connection's id. */
export async function connect(
  url: string,
  key: string,
  { vendor, credentials, settings }: { vendor: string; credentials: object; settings: object },
): Promise<string> {
  const { status, text, body } = await call(`${url}/v1/connections`, {
    method: 'POST',
    key,
    body: { vendor, name: 'Northside', credentials, settings },
  });
  if (status !== 201) throw new Error(`The connection was answered ${String(status)}: ${text}`);
  return body.id as string;
}

/** The state of a connection's latest sync. */
export async function latestSync(url: string, key: string, connectionId: string): Promise<string | null> {
  const { body } = await call(`${url}/v1/connections/${connectionId}/syncs?limit=1`, { key });
  return (body.data[0]?.status as string | undefined) ?? null;
}
