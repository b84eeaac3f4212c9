import { isDeepStrictEqual } from 'node:util';
import type { Connection } from './connection.entity';

/** Whether the gateway reads the connection by itself. */
export function isSynced({ disabled, settings }: Pick<Connection, 'disabled' | 'settings'>): boolean {
  const { sync } = settings as { sync?: { enabled?: boolean } };
  return !disabled && sync?.enabled === true;
}

/** Whether records are read by other settings than before, or again: when they are read is not among it. */
export function isReadOtherwise(before: Connection, now: Connection): boolean {
  const [{ sync: _old, ...old }, { sync: _new, ...settings }] = [before.settings, now.settings];
  return !isDeepStrictEqual(old, settings) || (isSynced(now) && !isSynced(before));
}
