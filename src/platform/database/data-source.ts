import { join } from 'node:path';
import { TypeOverrides } from 'pg';
import type { DataSourceOptions } from 'typeorm';
import { JSON_TYPE } from './json-array';

const TIMESTAMPTZ = 1184;
const BIGINT = 20;

/** Instants stay text and are only cut to RFC 3339: parsing them to Date and back costs half of a page's time. */
export function instantFromPostgres(written: string): string {
  if (written === 'infinity') return written;
  // `2026-11-21 09:00:00.123456+00`, with as many digits behind the point as it needs, or none.
  const blank = written.indexOf(' ');
  const point = written.indexOf('.', blank);
  const seconds = written.slice(blank + 1, point < 0 ? -3 : point);
  const milliseconds =
    point < 0
      ? '000'
      : written
          .slice(point + 1, -3)
          .padEnd(3, '0')
          .slice(0, 3);
  return `${written.slice(0, blank)}T${seconds}.${milliseconds}Z`;
}

const typeParsers = new TypeOverrides();
typeParsers.setTypeParser(TIMESTAMPTZ, instantFromPostgres);
typeParsers.setTypeParser(BIGINT, Number);
// Canonical documents are stored as they are sent: nobody parses them on the way out.
typeParsers.setTypeParser(JSON_TYPE, (text) => text);

/**
 * Named statements keep one plan: planning a page anew would cost more than reading it. Whatever a plan hangs on (which
 * filters, how many records) is in the text, not in a parameter.
 */
const SESSION = '-c timezone=UTC -c plan_cache_mode=force_generic_plan';

/** How long connecting may take, the look-up of the name in it. */
export const CONNECT_MS = 10_000;

/** How the service reaches its database. Never `synchronize`: the schema is what the migrations made. */
export function dataSourceOptions(url: string): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    synchronize: false,
    migrationsRun: false,
    migrationsTableName: 'migrations',
    migrations: [join(__dirname, 'migrations', '*.js')],
    applicationName: 'scheduling-gateway',
    poolSize: 20,
    poolErrorHandler: () => undefined,
    extra: {
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      pipeline: true,
      types: typeParsers,
      options: SESSION,
      idleTimeoutMillis: 30_000,
    },
  };
}
