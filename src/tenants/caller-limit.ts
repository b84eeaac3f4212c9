import type { FastifyReply } from 'fastify';
import { Problem } from '../platform/http/problems';
import type { Caller } from '../platform/scopes';
import type { CallerLimitRepository } from './caller-limit.repository';

const WINDOW_SECONDS = 60;
/** The largest part of a minute's requests that one process puts by. */
const SHARE = 1 / 16;
const NEWS_MS = 1_000;
const MOST_KEYS = 10_000;

/** What one process holds of a key's minute. */
interface Hand {
  left: number;
  /** What nobody had put by when we last heard. */
  remaining: number;
  /** By the process's own clock, which nobody sets. */
  endsAt: number;
  askedAt: number;
  asking: Promise<void> | null;
}

/**
 * How many requests a key may make in a minute, whichever process it asks; each answer tells how many are left. Processes
 * put by a share of the minute in the database, top it up before it is spent, and hear of each other's every second that the
 * key is used: a request waits for the database only when the minute is new or nearly spent. No minute holds more requests
 * than allowed. A process may refuse while others still hold some, less than a sixteenth each, and fewer the fewer are left.
 */
export class CallerLimit {
  private readonly hands = new Map<string, Hand>();
  private readonly policy: string;
  private readonly share: number;

  constructor(
    private readonly repository: CallerLimitRepository,
    private readonly perMinute: number,
    private readonly now = (): number => performance.now(),
  ) {
    this.policy = `"per-key";q=${String(perMinute)};w=${String(WINDOW_SECONDS)}`;
    this.share = Math.max(1, Math.ceil(perMinute * SHARE));
  }

  /** Counts one request; rate_limited once the minute's are spent. */
  async take(caller: Caller, reply: FastifyReply): Promise<void> {
    const hand = this.handOf(caller.apiKeyId);
    while (hand.left === 0 && !this.isSpent(hand)) await this.ask(caller, hand);
    const isAllowed = hand.left > 0;
    if (isAllowed) hand.left -= 1;
    const seconds = Math.max(1, Math.ceil((hand.endsAt - this.now()) / 1000));
    void reply.header('ratelimit-policy', this.policy);
    void reply.header('ratelimit', `"per-key";r=${String(hand.left + hand.remaining)};t=${String(seconds)}`);
    if (isAllowed) {
      this.topUp(caller, hand);
      return;
    }
    throw new Problem('rate_limited', `This key may make ${String(this.perMinute)} requests a minute`, {
      retryAfterSeconds: seconds,
    });
  }

  private handOf(apiKeyId: string): Hand {
    const now = this.now();
    let hand = this.hands.get(apiKeyId);
    if (!hand) {
      if (this.hands.size >= MOST_KEYS) this.forget(now);
      this.hands.set(apiKeyId, (hand = { left: 0, remaining: 0, endsAt: 0, askedAt: 0, asking: null }));
    }
    if (hand.endsAt <= now) hand.left = 0;
    return hand;
  }

  private isSpent({ endsAt, remaining }: Hand): boolean {
    return endsAt > this.now() && remaining === 0;
  }

  /** Fills the hand up while the request goes on. */
  private topUp(caller: Caller, hand: Hand): void {
    const isLow = hand.left <= this.share / 2 && hand.remaining > 0;
    if (isLow || this.now() - hand.askedAt >= NEWS_MS) this.ask(caller, hand).catch(() => undefined);
  }

  /** Asks once, however many requests wait for it. */
  private ask(caller: Caller, hand: Hand): Promise<void> {
    return (hand.asking ??= this.fill(caller, hand).finally(() => (hand.asking = null)));
  }

  private async fill(caller: Caller, hand: Hand): Promise<void> {
    hand.askedAt = this.now();
    const { granted, remaining, endsInMs } = await this.repository.putBy(
      caller,
      this.share - hand.left,
      this.perMinute,
    );
    // Reckoned from before the question left: what is held ends no later than the minute that it is of.
    const endsAt = hand.askedAt + endsInMs;
    const isNew = endsAt - hand.endsAt > (WINDOW_SECONDS * 1000) / 2;
    hand.left = (isNew ? 0 : hand.left) + granted;
    hand.remaining = remaining;
    hand.endsAt = endsAt;
  }

  private forget(now: number): void {
    for (const [id, { endsAt }] of this.hands) if (endsAt <= now) this.hands.delete(id);
  }
}
