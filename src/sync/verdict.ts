import type { ResourceName } from '../canonical/index';
import type { Instant } from '../canonical/values';
import type { SyncOutcome } from '../connections/connection-state';
import { codeOf } from '../connections/vendor-problem';
import { PROBLEMS, type Problem } from '../platform/http/problems';
import { VendorError } from '../vendors/kit/error';
import type { Ending } from './schedules.repository';
import type { Progress, ResourceProgress, SyncError, SyncStatus } from './sync.entity';

/** A scan that would delete more than this share is not believed, unless it is a handful. */
const BELIEVABLE_SHARE = 0.1;
const ALWAYS_BELIEVED = 5;

/** Whether so many records may be missing from a complete read because they were deleted. */
export const isBelievable = (missing: number, total: number): boolean =>
  missing <= Math.max(ALWAYS_BELIEVED, total * BELIEVABLE_SHARE);

/** How a sync ended: failed where nothing could be read, partial where a record or a resource is missing. */
export function statusOf(progress: Progress, errors: readonly SyncError[]): SyncStatus {
  const read = Object.values(progress);
  if (!read.some(({ state }) => state === 'done')) return 'failed';
  return errors.length === 0 && read.every(({ state, failed }) => state === 'done' && failed === 0)
    ? 'succeeded'
    : 'partial';
}

/** What a sync's end means for the next: refused credentials are not tried again by ourselves. */
export function endingOf(status: SyncStatus, errors: readonly SyncError[]): Ending {
  const isRefused = errors.some(({ code }) => code === 'vendor_auth_failed');
  return { isGood: status !== 'failed' && !isRefused, isLockedOut: status === 'failed' && isRefused };
}

/** What a sync says of its connection. A resource that the vendor keeps closed is a warning, not an error. */
export function outcomeOf({
  progress,
  errors,
  status,
  finishedAt,
}: {
  progress: Progress;
  errors: readonly SyncError[];
  status: SyncStatus;
  finishedAt: Instant;
}): SyncOutcome {
  // A record that was set aside may have no id that could be read.
  const ofResources = errors.filter(({ remoteId, code }) => remoteId === null && code !== 'invalid_record');
  const serious =
    ofResources.find(({ code }) => code !== 'vendor_forbidden') ??
    (status === 'failed' ? ofResources[0] : undefined);
  return {
    status: status === 'failed' ? 'failing' : status === 'partial' ? 'degraded' : 'active',
    error: serious
      ? { code: serious.code, message: serious.message, at: finishedAt, retryable: isRetryable(serious.code) }
      : null,
    finishedAt,
    read: Object.keys(progress),
    warnings: Object.values(progress).flatMap(({ warnings }) => warnings),
  };
}

const isRetryable = (code: string): boolean =>
  Object.entries(PROBLEMS).some(([known, { retryable }]) => known === code && retryable);

/** A resource, or a connection, that could not be read. */
export const failure = (resource: ResourceName | null, error: VendorError | Problem): SyncError => ({
  resource,
  remoteId: null,
  code: error instanceof VendorError ? codeOf(error) : error.code,
  message: error.message,
});

/** The warnings of a resource after a failure: one more where the vendor keeps it closed. */
export function closed(
  resource: ResourceName,
  error: VendorError,
  { warnings: known }: ResourceProgress,
): ResourceProgress['warnings'] {
  if (error.kind !== 'forbidden') return known;
  const message = `The vendor does not let this connection read its ${resource}`;
  return [...known, { code: 'resource_closed', message, resource, field: null, value: null, count: 1 }];
}

/** Deletions that were not carried out. */
export const tooManyMissing = (
  resource: ResourceName,
  missing: number,
  total: number,
): ResourceProgress['warnings'][number] => ({
  code: 'deletions_not_believed',
  message: `${String(missing)} of ${String(total)} ${resource} were missing from a complete read: nothing was deleted`,
  resource,
  field: null,
  value: null,
  count: 1,
});
