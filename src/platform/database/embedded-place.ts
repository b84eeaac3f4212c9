import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, chmodSync, constants, lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

/** An account that PostgreSQL runs as. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

/** Where the database lies and whom its server runs as; null is the gateway's own account. */
export interface Place {
  readonly dataDir: string;
  readonly user: ServerUser | null;
}

const NOBODY = 65_534;

function idOfNobody(flag: '-u' | '-g'): number {
  try {
    return Number(
      execFileSync('id', [flag, 'nobody'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  } catch {
    return NOBODY;
  }
}

/** PostgreSQL refuses to run as root. Root lends it the account that owns the data, else `nobody`. */
function serverUser(dataDir: string): ServerUser | null {
  if (process.getuid?.() !== 0) return null;
  const data = statSync(dataDir, { throwIfNoEntry: false });
  if (data && data.uid !== 0) return { uid: data.uid, gid: data.gid };
  return { uid: idOfNobody('-u'), gid: idOfNobody('-g') };
}

/** Whether that account may walk down to a directory; null is the gateway's own, which finds out by itself. */
export function mayEnter(directory: string, user: ServerUser | null): boolean {
  if (!user) return true;
  const { mode, uid, gid } = statSync(directory);
  const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
  const parent = dirname(directory);
  return (mode & bit) !== 0 && (parent === directory || mayEnter(parent, user));
}

/**
 * A directory below the temporary one that nobody else made: what lies in it is run and trusted, and its name can be
 * guessed. Root's may be walked through, so that the database's account gets to its own part.
 */
export function privateTemporaryDirectory(user: ServerUser | null): string {
  const uid = process.getuid?.() ?? 0;
  const root = [tmpdir(), '/tmp'].find((candidate) => mayEnter(candidate, user)) ?? '/tmp';
  const directory = join(realpathSync(root), `scheduling-gateway-${String(uid)}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const found = lstatSync(directory);
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o022) !== 0) {
    throw new Error(`${directory} belongs to somebody else: remove it, or set DATABASE_URL`);
  }
  if (user) chmodSync(directory, 0o711);
  return directory;
}

/** Why a database cannot lie there, or null when it can. Makes the directory's parents. */
function obstacle(dataDir: string, user: ServerUser | null): string | null {
  const parent = dirname(dataDir);
  try {
    mkdirSync(parent, { recursive: true });
    accessSync(parent, constants.W_OK | constants.X_OK);
    if (!mayEnter(parent, user))
      return `the account of the database (uid ${String(user?.uid)}) may not enter it`;
    const data = statSync(dataDir, { throwIfNoEntry: false });
    const foreign = data && !user && data.uid !== process.getuid?.();
    return foreign ? `it belongs to another user (uid ${String(data.uid)})` : null;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The same directory always by the same name, by which a running server is known again. */
function canonical(dataDir: string): string {
  return join(realpathSync(dirname(dataDir)), basename(dataDir));
}

/** The wanted place, or a lasting one below the temporary directory where the database's account cannot get there. */
export function choosePlace(wanted: string, log: (message: string) => void): Place {
  const dataDir = resolve(wanted);
  const user = serverUser(dataDir);
  const reason = obstacle(dataDir, user);
  if (reason === null) return { dataDir: canonical(dataDir), user };

  const name = createHash('sha256').update(dataDir).digest('hex').slice(0, 12);
  const instead = join(privateTemporaryDirectory(user), name, 'postgres');
  mkdirSync(dirname(instead), { recursive: true });
  if (user) chmodSync(dirname(instead), 0o711);
  log(`The database is in ${instead}, because ${dataDir} cannot be used: ${reason}.`);
  return { dataDir: instead, user: serverUser(instead) };
}
