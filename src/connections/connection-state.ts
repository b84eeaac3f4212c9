export const CONNECTION_STATUSES = ['pending', 'active', 'degraded', 'failing', 'disabled'] as const;
export type ConnectionStatus = (typeof CONNECTION_STATUSES)[number];

/** What went wrong last, in the words of the problems. */
export interface ConnectionError {
  readonly code: string;
  readonly message: string;
  readonly at: string;
  readonly retryable: boolean;
}

/** Something that needs a look but stops nothing: an unknown word, a resource that the vendor keeps closed. */
export interface ConnectionWarning {
  readonly code: string;
  readonly message: string;
  readonly resource: string | null;
  readonly field: string | null;
  readonly value: string | null;
  readonly firstSeenAt: string;
  readonly count: number;
}

/** How a sync left a connection. */
export interface SyncOutcome {
  readonly status: Exclude<ConnectionStatus, 'disabled' | 'pending'>;
  readonly error: ConnectionError | null;
  readonly finishedAt: string;
  /** The resources that were read, and what they warn of: it replaces what they warned of before. */
  readonly read: readonly string[];
  readonly warnings: readonly Omit<ConnectionWarning, 'firstSeenAt'>[];
}

const MOST_WARNINGS = 200;
/** A write of which nobody can tell what it made: no sync finds that out, so it stands until it is old. */
export const AMBIGUOUS_WRITE = 'ambiguous_write';
const STANDS_MS = 7 * 86_400_000;

/** The warnings of a connection after a sync: those of resources that were not read stay, known ones keep their first day. */
export function warningsAfter(
  before: readonly ConnectionWarning[],
  { read, warnings, finishedAt }: SyncOutcome,
): ConnectionWarning[] {
  const same = (a: Omit<ConnectionWarning, 'firstSeenAt'>, b: ConnectionWarning): boolean =>
    a.code === b.code && a.resource === b.resource && a.field === b.field && a.value === b.value;
  const stands = ({ code, firstSeenAt }: ConnectionWarning): boolean =>
    code === AMBIGUOUS_WRITE && Date.parse(finishedAt) - Date.parse(firstSeenAt) < STANDS_MS;
  const kept = before.filter((old) => old.resource === null || !read.includes(old.resource) || stands(old));
  const found = warnings.map((one) => ({
    ...one,
    firstSeenAt: before.find((old) => same(one, old))?.firstSeenAt ?? finishedAt,
  }));
  return [...kept, ...found].slice(0, MOST_WARNINGS);
}
