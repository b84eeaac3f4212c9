import { bulkhead, type BulkheadPolicy } from 'cockatiel';
import { RateLimiterMemory, RateLimiterQueue } from 'rate-limiter-flexible';

/** What a vendor lets one holder of its limit do. `sharedBy` names the holder: all who share it wait for each other. */
export interface Limits {
  readonly requestsPerMinute: number | null;
  readonly maxInFlight: number;
  readonly sharedBy: string;
}

/** Lets calls through as the vendor's limits allow; the others wait their turn. */
export interface LimitGate {
  run<T>(limits: Limits, call: () => Promise<T>): Promise<T>;
}

const WAITING = 10_000;
const SHARE_OF_LIMIT = 0.9;
const SLICE_SECONDS = 3;

/**
 * The limit cut into short slices, at nine tenths: a window of any minute then holds no more than the vendor allows,
 * whether its own minutes slide or not.
 */
function slices(requestsPerMinute: number): { points: number; duration: number } {
  const perSecond = (requestsPerMinute * SHARE_OF_LIMIT) / 60;
  const duration = Math.max(SLICE_SECONDS, Math.ceil(1 / perSecond));
  return { points: Math.max(1, Math.floor(perSecond * duration)), duration };
}

/** A gate for one process. */
export function gateInMemory(): LimitGate {
  const queues = new Map<string, RateLimiterQueue>();
  const inFlight = new Map<string, BulkheadPolicy>();
  const queueOf = ({ sharedBy, requestsPerMinute }: Limits): RateLimiterQueue | null => {
    if (requestsPerMinute === null) return null;
    const key = `${sharedBy} ${String(requestsPerMinute)}`;
    let queue = queues.get(key);
    if (!queue)
      queues.set(
        key,
        (queue = new RateLimiterQueue(
          new RateLimiterMemory({ ...slices(requestsPerMinute), keyPrefix: key }),
        )),
      );
    return queue;
  };
  const bulkheadOf = ({ sharedBy, maxInFlight }: Limits): BulkheadPolicy => {
    const key = `${sharedBy} ${String(maxInFlight)}`;
    let policy = inFlight.get(key);
    if (!policy) inFlight.set(key, (policy = bulkhead(maxInFlight, WAITING)));
    return policy;
  };
  return {
    run: async (limits, call) => {
      await queueOf(limits)?.removeTokens(1);
      return bulkheadOf(limits).execute(call);
    },
  };
}
