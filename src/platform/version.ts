import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The gateway's version, from package.json. */
export const VERSION = (
  JSON.parse(readFileSync(join(__dirname, '..', '..', 'package.json'), 'utf8')) as { version: string }
).version;

/** The version of the time-zone data that local times are computed with. */
export const timeZoneDataVersion = (): string => process.versions['tz'] ?? 'unknown';
