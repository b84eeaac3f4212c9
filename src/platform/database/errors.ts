import { ConfigError } from '../config';
import { QueryFailedError } from 'typeorm';

const UNIQUE_VIOLATION = '23505';

/** Whether a statement failed because another row has the value already. */
export const isTaken = (error: unknown): boolean =>
  error instanceof QueryFailedError && (error.driverError as { code?: string }).code === UNIQUE_VIOLATION;

/** Whether a statement failed by that constraint, or unique index. */
export const violates = (error: unknown, constraint: string): boolean =>
  error instanceof Error && (error as Error & { constraint?: string }).constraint === constraint;

/**
 * The database is not there, has no room or is being changed over (classes 08, 53 and 57 of SQLSTATE, a server that only
 * reads), or two of its transactions stood in each other's way.
 */
const PASSING_STATE = /^(?:08\w{3}|53\w{3}|57P0[1-3]|25006|40001|40P01)$/;
/** What the way to it says. pg has no codes for these. */
const LOST = /^(?:ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)/;
const LOST_WORDS =
  /^(?:Connection terminated|timeout exceeded when trying to connect|Client has encountered)/;

/** Nothing came back from the database for longer than any read takes. */
export class DatabaseSilent extends Error {
  constructor() {
    super('The database is silent');
  }
}

/** Whether a statement failed for a reason that passes: the same request may well do a moment later. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code = '', message } = error as Error & { code?: string };
  return (
    error instanceof DatabaseSilent || PASSING_STATE.test(code) || LOST.test(code) || LOST_WORDS.test(message)
  );
}

/** The database does not let us in: one line for whoever set DATABASE_URL. */
export function unreachable(error: unknown): ConfigError {
  // A refused connection to a name with two addresses has a code and no words.
  const { message, code } = error as { message: string; code?: string };
  return new ConfigError(`The database cannot be reached, see DATABASE_URL: ${message || String(code)}`);
}
