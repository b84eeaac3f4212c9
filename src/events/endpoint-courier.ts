import { setTimeout as pause } from 'node:timers/promises';
import {
  LEASE_MS,
  type Claim,
  type DeliveryQueueRepository,
  type EndpointKey,
  type EndpointNews,
  type Held,
  type Settled,
} from './delivery-queue.repository';
import { verdictOf } from './delivery-verdict';
import type { EventMetrics } from './event-metrics';
import { messageText } from './event-text';
import type { DisabledReason } from './webhook-endpoint.entity';
import { signedHeaders } from './webhook-message';
import type { WebhookSecrets } from './webhook-secrets';
import type { Outcome, WebhookSender } from './webhook-sender';

const LOOK_AGAIN_MS = 300;
/** Who stood still for longer since it claimed something leaves it alone: another may be trying it, or the next of its record. */
const SENT_WITHIN_MS = LEASE_MS / 2;

export interface CourierTools {
  readonly queue: DeliveryQueueRepository;
  readonly sender: WebhookSender;
  readonly secrets: WebhookSecrets;
  readonly metrics: EventMetrics;
}
interface Tried {
  readonly settled: Settled;
  readonly status: number | null;
  readonly disable: DisabledReason | null;
}

/**
 * Brings one endpoint what waits for it, a few deliveries at a time, until nothing is due. Its slowness is its own: each
 * endpoint that something waits for has a courier.
 */
export class EndpointCourier {
  private readonly underWay = new Map<Promise<void>, Claim>();
  private tried: Tried[] = [];
  private stopping = false;
  private readonly givenUp = new AbortController();

  constructor(
    private readonly endpoint: EndpointKey,
    private readonly tools: CourierTools,
  ) {}

  /** Takes nothing new; what is under way may end. */
  stop(): void {
    this.stopping = true;
  }

  /** Lets go of what is under way: it is tried again elsewhere when its lease has run out. */
  giveUp(): void {
    this.stop();
    this.givenUp.abort();
  }

  /** Resolves to why the endpoint was switched off, null where it was not. */
  async run(): Promise<DisabledReason | null> {
    let disabled: DisabledReason | null = null;
    for (;;) {
      const done = this.tried.splice(0);
      const news = newsOf(done);
      disabled ??= news.disable;
      const held = await this.tools.queue.turn(this.endpoint, {
        settled: done.map(({ settled }) => settled),
        news,
        underWay: [...this.underWay.values()],
        mayClaim: !this.stopping,
      });
      if (held && performance.now() - held.since < SENT_WITHIN_MS)
        for (const claim of held.claims) this.begin(held, claim);
      if (this.underWay.size === 0 && this.tried.length === 0) return disabled;
      await this.somethingHappens();
    }
  }

  /** Until a try ends; or for a moment, since something may have come in, or come due, beside what is under way. */
  private async somethingHappens(): Promise<void> {
    const over = new AbortController();
    await Promise.race([...this.underWay.keys(), pause(LOOK_AGAIN_MS, null, { signal: over.signal })]);
    over.abort();
  }

  private begin(held: Held, claim: Claim): void {
    const trying = this.attempt(held, claim)
      .then((outcome) => {
        this.note(claim, outcome);
      })
      .catch(() => undefined)
      .finally(() => this.underWay.delete(trying));
    this.underWay.set(trying, claim);
  }

  private async attempt({ url, secret, previousSecret }: Held, claim: Claim): Promise<Outcome> {
    const secrets = this.tools.secrets.open(this.endpoint, { secret, previousSecret });
    if (!secrets) return { status: null, error: 'secret_unreadable', retryAfter: null, latencyMs: 0 };
    const body = messageText(claim, claim.payload);
    const headers = signedHeaders({ id: claim.eventId, body }, secrets, new Date());
    return this.tools.sender.send({ url, headers, body }, this.givenUp.signal);
  }

  private note({ deliveryId, fence, attempts, elapsedMs }: Claim, outcome: Outcome): void {
    const { status, error } = outcome;
    const verdict = verdictOf(
      outcome,
      { before: attempts, elapsedMs },
      { chance: Math.random(), now: Date.now() },
    );
    this.tools.metrics.deliveries.inc({
      outcome: verdict.status === 'pending' ? 'put_off' : verdict.status,
    });
    this.tried.push({
      settled: {
        deliveryId,
        fence,
        status: verdict.status,
        pauseMs: verdict.status === 'pending' ? verdict.pauseMs : null,
        responseStatus: status,
        error,
      },
      status,
      disable: verdict.status === 'failed' ? verdict.disable : null,
    });
  }
}

/** What a batch of tries says of the endpoint. */
function newsOf(tried: readonly Tried[]): EndpointNews {
  const failure = tried.findLast(({ settled }) => settled.error !== null);
  return {
    delivered: tried.some(({ settled }) => settled.status === 'delivered'),
    error: failure ? { code: failure.settled.error ?? '', status: failure.status } : null,
    disable: tried.find(({ disable }) => disable !== null)?.disable ?? null,
  };
}
