import type { BeforeApplicationShutdown, OnApplicationShutdown } from '@nestjs/common';
import type { Metrics } from '../platform/metrics';
import { VendorError } from '../vendors/kit/error';
import type { LimitGate, Limits } from '../vendors/kit/limits';
import { LEASE_MS, type LimitsRepository } from './limits.repository';
import { LimitLane } from './limit-lane';
import type { Turn } from './turn';

const RENEW_MS = LEASE_MS / 4;
const LONGEST_PAUSE_MS = 15 * 60_000;
/** For a vendor that says "too many" and not how long. */
const SHORT_PAUSE_MS = 1_000;

/**
 * Keeps the vendors' limits together with all other replicas. Background work leaves a part of each limit to users, and a
 * vendor's "come back later" holds everybody back. A process that dies gives its slots back by their leases.
 */
export class SharedGate implements BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly lanes = new Map<string, LimitLane>();
  private renewing: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: LimitsRepository,
    private readonly metrics: Metrics,
  ) {}

  /** The gate as it is for those who wait in this way. */
  for(turn: Turn): LimitGate {
    return { run: (limits, call) => this.run(limits, call, turn) };
  }

  beforeApplicationShutdown(): void {
    for (const lane of this.lanes.values()) lane.refuseWaiting(['background']);
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.renewing);
    const held = [...this.lanes.values()].flatMap((lane) => lane.places);
    for (const lane of this.lanes.values()) lane.refuseWaiting();
    await this.store.release(held).catch(() => undefined);
    await this.store.close();
  }

  private async run<T>(limits: Limits, call: () => Promise<T>, turn: Turn): Promise<T> {
    const lane = this.laneOf(limits);
    const asked = performance.now();
    const place = await lane.enter(turn);
    this.metrics.vendorWait.observe({ priority: turn.priority }, (performance.now() - asked) / 1000);
    this.renewing ??= setInterval(() => void this.renew(), RENEW_MS);
    try {
      return await call();
    } catch (error) {
      if (error instanceof VendorError && error.kind === 'rate_limited') {
        lane.heldBack();
        await this.pause(limits, error.at.retryAfterMs);
      }
      throw error;
    } finally {
      lane.leave(place);
    }
  }

  /** The vendor's word counts for all. Where the database cannot hear it, the next call will be told the same. */
  private async pause(limits: Limits, askedMs: number | null): Promise<void> {
    const ms = Math.min(Math.max(askedMs ?? 0, SHORT_PAUSE_MS), LONGEST_PAUSE_MS);
    await this.store.pause(limits, ms).catch(() => undefined);
  }

  private laneOf(limits: Limits): LimitLane {
    const name = `${limits.sharedBy} ${String(limits.requestsPerMinute)} ${String(limits.maxInFlight)}`;
    const known = this.lanes.get(name);
    if (known) return known;
    const lane = new LimitLane(limits, this.store, () => {
      if (this.lanes.get(name) === lane) this.lanes.delete(name);
    });
    this.lanes.set(name, lane);
    return lane;
  }

  private async renew(): Promise<void> {
    const lanes = [...this.lanes.values()].map((lane) => ({ lane, places: lane.places }));
    const at = performance.now();
    const all = lanes.flatMap(({ places }) => places);
    if (all.length === 0) {
      clearInterval(this.renewing);
      this.renewing = undefined;
      return;
    }
    const still = await this.store.renew(all).catch(() => null);
    // Unheard: the slots are good until their leases end.
    if (still === null) return;
    for (const { lane, places } of lanes) lane.renewed(new Set(still), places, at);
  }
}
