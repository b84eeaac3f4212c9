import { plainToInstance, Transform } from 'class-transformer';
import {
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  validateSync,
} from 'class-validator';

const ROLES = ['all', 'api', 'worker'] as const;
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const KEY_PAIR = '[A-Za-z0-9_-]{1,32}:[A-Za-z0-9+/]{43}=';
const HOST_LIST = /^[^\s,:/]+:\d{1,5}(\s*,\s*[^\s,:/]+:\d{1,5})*$/;

const toNumber = Transform(({ value }: { value: unknown }) =>
  typeof value === 'string' ? Number(value) : value,
);
const toList = Transform(({ value }: { value: unknown }) => value ?? '');

/** What the environment says, checked. Everything that can be configured is here. */
export class Config {
  @toNumber
  @IsInt({ message: 'PORT must be a port number' })
  @Min(0, { message: 'PORT must be a port number' })
  @Max(65_535, { message: 'PORT must be a port number' })
  PORT: number = 3000;

  @IsNotEmpty({ message: 'HOST must name an address to listen on' })
  HOST: string = '127.0.0.1';

  @IsIn(['production', 'development', 'test'], {
    message: 'NODE_ENV must be production, development or test',
  })
  NODE_ENV: string = 'development';

  /** Unset: an embedded PostgreSQL in ./.data. */
  @IsOptional()
  @Matches(/^postgres(ql)?:\/\//, { message: 'DATABASE_URL must be a postgres:// URL' })
  DATABASE_URL?: string;

  /** The owner of the tables, where that is another role than the service's. */
  @IsOptional()
  @Matches(/^postgres(ql)?:\/\//, { message: 'MIGRATION_DATABASE_URL must be a postgres:// URL' })
  MIGRATION_DATABASE_URL?: string;

  @IsOptional()
  @IsString()
  @Matches(/^\S{8,255}$/, { message: 'ADMIN_API_KEY must be 8 to 255 characters without blanks' })
  ADMIN_API_KEY?: string;

  /** `id:base64 of 32 bytes`, comma-separated: the first encrypts, all decrypt. */
  @IsOptional()
  @Matches(new RegExp(`^${KEY_PAIR}(\\s*,\\s*${KEY_PAIR})*$`), {
    message: 'ENCRYPTION_KEYS must be id:base64 of 32 bytes, comma-separated',
  })
  ENCRYPTION_KEYS?: string;

  @toList
  @Matches(new RegExp(`^$|${HOST_LIST.source}`), {
    message: 'VENDOR_HOST_ALLOWLIST must be host:port, comma-separated',
  })
  VENDOR_HOST_ALLOWLIST: string = '';

  @toList
  @Matches(new RegExp(`^$|${HOST_LIST.source}`), {
    message: 'WEBHOOK_HOST_ALLOWLIST must be host:port, comma-separated',
  })
  WEBHOOK_HOST_ALLOWLIST: string = '';

  /** How long the change feed reaches back. Webhooks are tried for three days, and nothing untried may be forgotten. */
  @toNumber
  @IsInt({ message: 'EVENT_RETENTION_DAYS must be 4 to 3650' })
  @Min(4, { message: 'EVENT_RETENTION_DAYS must be 4 to 3650' })
  @Max(3650, { message: 'EVENT_RETENTION_DAYS must be 4 to 3650' })
  EVENT_RETENTION_DAYS: number = 30;

  /** How long the audit is kept; unset: for good. */
  @IsOptional()
  @toNumber
  @IsInt({ message: 'AUDIT_RETENTION_DAYS must be 31 to 36500' })
  @Min(31, { message: 'AUDIT_RETENTION_DAYS must be 31 to 36500' })
  @Max(36_500, { message: 'AUDIT_RETENTION_DAYS must be 31 to 36500' })
  AUDIT_RETENTION_DAYS?: number;

  @IsIn(LOG_LEVELS, { message: `LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}` })
  LOG_LEVEL: (typeof LOG_LEVELS)[number] = 'info';

  @IsIn(ROLES, { message: `ROLE must be one of ${ROLES.join(', ')}` })
  ROLE: (typeof ROLES)[number] = 'all';

  /** When a write whose outcome is unknown is looked for: seconds after it, growing. */
  @Matches(/^\d+(\.\d+)?(,\d+(\.\d+)?)*$/, {
    message: 'WRITE_LOOKS_SECONDS must be seconds, comma-separated',
  })
  WRITE_LOOKS_SECONDS: string = '1,3,10,30,120,600';

  /** Calls to vendors: how long connecting, the first byte, a whole read, a whole write may take, and the first pause before another try. */
  @Matches(/^[1-9]\d{0,5}(,[1-9]\d{0,5}){4}$/, {
    message: 'VENDOR_TIMES_MS must be five numbers of milliseconds, comma-separated',
  })
  VENDOR_TIMES_MS: string = '3000,10000,30000,20000,250';

  /** Requests a minute that one API key may make. */
  @toNumber
  @IsInt({ message: 'RATE_LIMIT_PER_MINUTE must be a whole number' })
  @Min(1, { message: 'RATE_LIMIT_PER_MINUTE must be at least 1' })
  RATE_LIMIT_PER_MINUTE: number = 6000;

  /** Syncs that one process runs at the same time. */
  @toNumber
  @IsInt({ message: 'SYNC_CONCURRENCY must be a whole number' })
  @Min(1, { message: 'SYNC_CONCURRENCY must be 1 to 64' })
  @Max(64, { message: 'SYNC_CONCURRENCY must be 1 to 64' })
  SYNC_CONCURRENCY: number = 16;
}

/** A configuration that the service can run with. */
export type CompleteConfig = Config &
  Required<Pick<Config, 'DATABASE_URL' | 'ADMIN_API_KEY' | 'ENCRYPTION_KEYS'>>;

/** The environment cannot be used; the message is one line that names the first bad value. */
export class ConfigError extends Error {}

/** Reads the environment; a blank variable counts as unset. Throws ConfigError. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const known = Object.keys(new Config()).concat(
    'DATABASE_URL',
    'MIGRATION_DATABASE_URL',
    'ADMIN_API_KEY',
    'ENCRYPTION_KEYS',
    'AUDIT_RETENTION_DAYS',
  );
  const given = Object.fromEntries(known.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
  const config = plainToInstance(Config, given);
  const [wrong] = validateSync(config);
  if (wrong) throw new ConfigError(Object.values(wrong.constraints ?? {})[0] ?? `${wrong.property} is wrong`);
  refuseTwins(config);
  if (config.NODE_ENV === 'production') refuseUnsafe(config);
  return config;
}

/** Of two keys with one id, nobody could tell which has sealed a text. */
function refuseTwins({ ENCRYPTION_KEYS = '' }: Config): void {
  const ids = ENCRYPTION_KEYS.split(',').map((pair) => pair.slice(0, pair.indexOf(':')).trim());
  if (new Set(ids).size < ids.length)
    throw new ConfigError('ENCRYPTION_KEYS must not give two keys the same id');
}

/** What a laptop may do without and a clinic's server may not. */
function refuseUnsafe(config: Config): void {
  for (const name of ['DATABASE_URL', 'ADMIN_API_KEY', 'ENCRYPTION_KEYS'] as const)
    if (config[name] === undefined) throw new ConfigError(`${name} must be set in production`);
  const { ADMIN_API_KEY: operatorKey = '', ENCRYPTION_KEYS: encryptionKeys = '' } = config;
  if (operatorKey.length < 24)
    throw new ConfigError('ADMIN_API_KEY must have at least 24 characters in production');
  if (EXAMPLE.test(operatorKey) || isMonotonous(operatorKey))
    throw new ConfigError('ADMIN_API_KEY must be made by chance in production, and be no example');
  const keys = encryptionKeys
    .split(',')
    .map((pair) => Buffer.from(pair.slice(pair.indexOf(':') + 1), 'base64'));
  if (keys.some((key) => EXAMPLE.test(key.toString('latin1')) || isMonotonous(key)))
    throw new ConfigError('ENCRYPTION_KEYS must be made by chance in production, and be no examples');
}

/** Words of documentation, not of chance. */
const EXAMPLE =
  /change-?_?me|example|default|password|placeholder|insecure|operator-?_?key|encryption-?_?key/i;
/** Chance does not come down to so few different characters: not in 24 of them, nor in 32 bytes. */
const FEWEST = 8;
const isMonotonous = (key: Iterable<unknown>): boolean => new Set(key).size < FEWEST;

const LOOPBACK = /^(localhost|127\..*|\[?::1\]?|0\.0\.0\.0|\[?::\]?)$/i;

const EVERYWHERE = new Set(['0.0.0.0', '::', '[::]']);

/** What can be run with and should be looked at: a line for each. */
export function doubtsOf({ NODE_ENV, HOST, ...config }: Config): string[] {
  const isProduction = NODE_ENV === 'production';
  const lists = (['VENDOR_HOST_ALLOWLIST', 'WEBHOOK_HOST_ALLOWLIST'] as const).filter((name) =>
    config[name].split(',').some((host) => LOOPBACK.test(host.trim().replace(/:\d+$/, ''))),
  );
  return [
    ...(isProduction ? lists.map((name) => `${name} names this machine itself, in production`) : []),
    ...(!isProduction && (!LOOPBACK.test(HOST) || EVERYWHERE.has(HOST))
      ? [`HOST ${HOST} lets others in, and NODE_ENV is not production: unsafe settings are not refused`]
      : []),
  ];
}

/** The token under which the configuration is provided. */
export const CONFIG = Symbol('config');
