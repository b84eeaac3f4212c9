import { ConfigError } from '../config';
import { QueryFailedError } from 'typeorm';

const UNIQUE_VIOLATION = '23505';

/** Whether a statement failed because another row has the value already. */
export const isTaken = (error: unknown): boolean =>
  error instanceof QueryFailedError && (error.driverError as { code?: string }).code === UNIQUE_VIOLATION;

/** Whether a statement failed by that constraint, or unique index. */
export const violates = (error: unknown, constraint: string): boolean =>
  error instanceof Error && (error as Error & { constraint?: string }).constraint === constraint;

/** The database does not let us in: one line for whoever set DATABASE_URL. */
export function unreachable(error: unknown): ConfigError {
  // A refused connection to a name with two addresses has a code and no words.
  const { message, code } = error as { message: string; code?: string };
  return new ConfigError(`The database cannot be reached, see DATABASE_URL: ${message || String(code)}`);
}
