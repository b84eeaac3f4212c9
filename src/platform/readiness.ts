import { notFound, Problem, PROBLEMS, type ProblemCode } from './http/problems';
import { timeZoneDataVersion, VERSION } from './version';

/** Ready, or unavailable with what is missing: `pending` is null where the database does not answer. */
export function readiness(pending: boolean | null): {
  status: string;
  version: string;
  timeZoneData: string;
} {
  if (pending === null) throw new Problem('unavailable', 'The database does not answer');
  if (pending) throw new Problem('unavailable', 'The database waits for migrations');
  return { status: 'ok', version: VERSION, timeZoneData: timeZoneDataVersion() };
}

/** What a problem's code means. */
export function meaning(code: string): { code: string; status: number; title: string; retryable: boolean } {
  if (!Object.hasOwn(PROBLEMS, code)) throw notFound();
  return { code, ...PROBLEMS[code as ProblemCode] };
}
