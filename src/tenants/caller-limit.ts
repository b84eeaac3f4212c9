import type { FastifyReply } from 'fastify';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { Problem } from '../platform/http/problems';

const WINDOW_SECONDS = 60;

/** How many requests a key may make in a minute; each answer tells how many are left. */
export class CallerLimit {
  private readonly limiter: RateLimiterMemory;
  private readonly policy: string;

  constructor(private readonly perMinute: number) {
    this.limiter = new RateLimiterMemory({ points: perMinute, duration: WINDOW_SECONDS });
    this.policy = `"per-key";q=${String(perMinute)};w=${String(WINDOW_SECONDS)}`;
  }

  /** Counts one request; rate_limited once the minute's are spent. */
  async take(apiKeyId: string, reply: FastifyReply): Promise<void> {
    const result = await this.limiter.consume(apiKeyId).catch((refused: unknown) => refused);
    if (!(result instanceof RateLimiterRes)) throw result;
    const seconds = Math.ceil(result.msBeforeNext / 1000);
    void reply.header('ratelimit-policy', this.policy);
    void reply.header('ratelimit', `"per-key";r=${String(result.remainingPoints)};t=${String(seconds)}`);
    if (result.consumedPoints <= this.perMinute) return;
    throw new Problem('rate_limited', `This key may make ${String(this.perMinute)} requests a minute`, {
      retryAfterSeconds: seconds,
    });
  }
}
