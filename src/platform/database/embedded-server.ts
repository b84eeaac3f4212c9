import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  fchownSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { programOptions } from './embedded-binaries';
import type { Place, ServerUser } from './embedded-place';

/** A server that answers. */
export interface Server {
  readonly pid: number;
  readonly port: number;
  readonly reused: boolean;
}

/** What a server is started with. */
export interface Launch extends Place {
  readonly binaries: string;
  readonly durable: boolean;
  /** Zero takes any free one. */
  readonly port: number;
}

interface PidFile {
  readonly text: string;
  readonly pid: number;
  readonly port: number;
  readonly ready: boolean;
}

const POLL_MS = 20;
const START_MS = 60_000;
const STOP_MS = 20_000;
const LOG_BYTES = 10_000_000;
const TAIL_BYTES = 2_000;
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  timezone: 'UTC',
  log_timezone: 'UTC',
  cluster_name: 'scheduling-gateway',
};
const CARELESS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
/** Another start was quicker, a killed server's last children still end, or the free port was taken meanwhile. */
const PASSES = /lock file "postmaster\.pid"|shared memory block|could not bind/;

const pidFileOf = (dataDir: string): string => join(dataDir, 'postmaster.pid');

function readPidFile(dataDir: string): PidFile | null {
  try {
    const text = readFileSync(pidFileOf(dataDir), 'utf8');
    const lines = text.split('\n');
    return { text, pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
  } catch {
    return null;
  }
}

/** Whether a process exists, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function processOf(pid: number): { uid: number; words: string[] } | null {
  try {
    if (process.platform === 'linux') {
      const words = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').split('\0');
      return { uid: statSync(`/proc/${String(pid)}`).uid, words };
    }
    const line = execFileSync('ps', ['-ww', '-o', 'uid=,command=', '-p', String(pid)], { encoding: 'utf8' });
    const [uid, ...words] = line.trim().split(/\s+/);
    return { uid: Number(uid), words };
  } catch {
    return null;
  }
}

/** A pid file outlives a crash, and its number may be anybody's by now; so may its port, which would get our password. */
function isServerOf(dataDir: string, pid: number): boolean {
  const found = processOf(pid);
  return (
    found !== null && found.uid === statSync(dataDir).uid && found.words.join(' ').includes(`-D ${dataDir} `)
  );
}

function liveServer(dataDir: string): PidFile | null {
  const file = readPidFile(dataDir);
  return file && isServerOf(dataDir, file.pid) ? file : null;
}

/** PostgreSQL will not start over a pid file whose number is alive, even when that is some other program by now. */
function removeStalePidFile(dataDir: string): void {
  const file = readPidFile(dataDir);
  if (!file || processOf(file.pid) === null || isServerOf(dataDir, file.pid)) return;
  if (readPidFile(dataDir)?.text === file.text) rmSync(pidFileOf(dataDir), { force: true });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}

/** A file, not a pipe: a server that outlives the gateway must still have somewhere to write. */
function openLog(dataDir: string, user: ServerUser | null): { fd: number; tail: () => string } {
  const path = join(dataDir, 'server.log');
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_BYTES) renameSync(path, `${path}.1`);
  // The directory is the database account's: root must not follow a link that it put there.
  const fd = openSync(
    path,
    constants.O_CREAT | constants.O_APPEND | constants.O_WRONLY | constants.O_NOFOLLOW,
    0o600,
  );
  if (user) fchownSync(fd, user.uid, user.gid);
  const start = fstatSync(fd).size;
  return { fd, tail: () => readFileSync(path).subarray(start).toString('utf8').slice(-TAIL_BYTES).trim() };
}

/** Its own session: a Ctrl-C in the terminal is for the gateway, which needs its database until it has finished. */
function launch({ dataDir, user, binaries, durable, port }: Launch, log: number): ChildProcess {
  const settings = Object.entries({ ...SETTINGS, ...(durable ? {} : CARELESS) });
  const child = spawn(
    join(binaries, 'postgres'),
    ['-D', dataDir, '-p', String(port), ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    { ...programOptions(user), detached: true, stdio: ['ignore', log, log] },
  );
  child.unref();
  return child;
}

/** Starts a server and waits until it answers; null when it had to give way and a second look is worth it. */
async function tryToStart(options: Launch): Promise<Server | null> {
  const log = openLog(options.dataDir, options.user);
  const child = launch({ ...options, port: options.port || (await freePort()) }, log.fd);
  closeSync(log.fd);
  const end: { reason: string | null } = { reason: null };
  child.once('error', (error) => (end.reason = error.message));
  child.once('exit', (code, signal) => (end.reason ??= `ended with ${String(code ?? signal)}`));

  for (let waited = 0; waited < START_MS; waited += POLL_MS) {
    await sleep(POLL_MS);
    if (end.reason !== null) {
      const tail = log.tail();
      if (PASSES.test(tail)) return null;
      throw new Error(`PostgreSQL did not start in ${options.dataDir}: ${end.reason}\n${tail}`);
    }
    const server = readPidFile(options.dataDir);
    if (server?.pid === child.pid && server?.ready)
      return { pid: server.pid, port: server.port, reused: false };
  }
  child.kill('SIGINT');
  throw new Error(
    `PostgreSQL in ${options.dataDir} is not ready after ${String(START_MS / 1000)} s\n${log.tail()}`,
  );
}

/** The server of a data directory: the one that runs already, whoever started it, else a new one. */
export async function serverFor(options: Launch): Promise<Server> {
  const until = performance.now() + START_MS;
  while (performance.now() < until) {
    const running = liveServer(options.dataDir);
    if (running?.ready) return { pid: running.pid, port: running.port, reused: true };
    if (!running) {
      removeStalePidFile(options.dataDir);
      const started = await tryToStart(options);
      if (started) return started;
    }
    await sleep(POLL_MS * 5);
  }
  throw new Error(`PostgreSQL in ${options.dataDir} neither starts nor stops: see server.log there`);
}

/** Whether a data directory's server runs. */
export function isRunning(dataDir: string): boolean {
  return liveServer(dataDir) !== null;
}

async function ended(dataDir: string, pid: number): Promise<boolean> {
  for (let waited = 0; waited < STOP_MS; waited += POLL_MS) {
    // The file goes before the process does; a process that nobody reaps never goes.
    if (readPidFile(dataDir)?.pid !== pid || !isServerOf(dataDir, pid)) return true;
    await sleep(POLL_MS);
  }
  return false;
}

/** Stops a data directory's server, if there is one: open transactions are rolled back, what is committed is on disk. */
export async function stopServer(dataDir: string): Promise<void> {
  const server = liveServer(dataDir);
  if (!server) return;
  process.kill(server.pid, 'SIGINT');
  if (await ended(dataDir, server.pid)) return;
  process.kill(server.pid, 'SIGQUIT');
  if (!(await ended(dataDir, server.pid))) throw new Error(`PostgreSQL in ${dataDir} does not stop`);
}
