import type { LoggerService } from '@nestjs/common';
import pino, { type Logger } from 'pino';
import { currentContext } from './context';

export type { Logger } from 'pino';

/** The token under which the logger is provided. */
export const LOGGER = Symbol('logger');

/** Lines are gathered for a moment: a write for each would cost more than the request that it tells of. */
const WRITE_AT_BYTES = 8_192;
const FLUSH_MS = 100;

/** JSON lines on standard output. Nothing but named fields goes in: no bodies, no URLs, no objects of HTTP clients. */
export function makeLogger(level: string): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: () => {
      const requestId = currentContext()?.requestId;
      return requestId === undefined ? {} : { requestId };
    },
    serializers: { err: describeError },
  };
  return pino(
    options,
    pino.destination({ dest: 1, sync: false, minLength: WRITE_AT_BYTES, periodicFlush: FLUSH_MS }),
  );
}

/** An error as it may be logged: its kind, words and place, none of the objects that it drags along. */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  return { type: error.name, message: error.message, stack: error.stack };
}

/** Nest's own messages through the same logger. */
export class NestLog implements LoggerService {
  constructor(private readonly logger: Logger) {}
  log(message: unknown, context?: unknown): void {
    this.logger.debug({ context }, String(message));
  }
  warn(message: unknown, context?: unknown): void {
    this.logger.warn({ context }, String(message));
  }
  error(message: unknown, _stack?: unknown, context?: unknown): void {
    this.logger.error({ context }, String(message));
  }
}
