import type { Limits } from '../vendors/kit/limits';
import { bucketOf, LEASE_MS, type Admission, type LimitsRepository, type Slot } from './limits.repository';
import { BLOCK_MS, paceOf } from './pace';
import { spent, type Priority, type Turn } from './turn';
import { PRIORITIES, WaitingLine, type Place } from './waiting-line';

type Store = Pick<LimitsRepository, 'admit' | 'release'>;

/** An unused slot is kept so long for the next call, which then needs one statement less. */
const LINGER_MS = 100;
/** A slot whose lease ends sooner is not used for another call. */
const MARGIN_MS = 2_000;
const LONGEST_REST_MS = 1_000;
const SLOT_POLL_MS = 25;
const BREATH_MS = 60;
const RIVAL_MS = 1_000;

const spread = (ms: number): number => ms * (1 + Math.random());

/** The calls of one process that share one limit: who waits, which slots are held, and when the database is asked for more. */
export class LimitLane {
  private readonly line = new WaitingLine();
  /** When the limit lets somebody in again, as far as is known. */
  private readonly readyAt: Record<Priority, number> = { user: 0, background: 0 };
  private readonly held = new Set<Place>();
  private idle: Place[] = [];
  private ahead = { calls: 0, until: 0 };
  private heldBackAt = -Infinity;
  private isAsking = false;
  private waitsForSlot = false;
  private rivalUntil = 0;
  private breathesUntil = 0;
  private linger: NodeJS.Timeout | undefined;
  private hasNews = false;
  private interrupt = (): void => undefined;
  private readonly key: string;
  private readonly gapMs: number;

  constructor(
    private readonly limits: Limits,
    private readonly store: Store,
    private readonly whenEmpty: () => void,
  ) {
    this.key = bucketOf(limits);
    this.gapMs = paceOf(limits).gap * 1000;
  }

  /** The slots that are held, used or not. */
  get places(): readonly Place[] {
    return [...this.held];
  }

  /** Waits for a slot and for the limit. VendorError rate_limited where that would take longer than the turn's patience. */
  enter(turn: Turn): Promise<Place> {
    const known = this.readyAt[turn.priority] - performance.now();
    if (known > 0 && known + this.line.length(turn.priority) * this.gapMs > turn.patienceMs)
      return Promise.reject(spent(turn, known));
    const place = this.line.join(turn);
    if (known <= 0) this.wake();
    void this.serve();
    return place;
  }

  /** Gives a slot back; it is kept for a moment, for whoever comes next. */
  leave(place: Place): void {
    const now = performance.now();
    const letsGo = place.priority === 'background' && now < this.rivalUntil;
    place.priority = null;
    if (!this.held.has(place)) return;
    if (letsGo) {
      this.rivalUntil = 0;
      this.breathesUntil = now + spread(BREATH_MS);
      this.release([place]);
    } else this.idle.push(place);
    if (this.waitsForSlot) this.wake();
    this.lingerOn();
  }

  /** The slots whose leases were renewed at `at` are good for longer; the others are somebody else's now. */
  renewed(still: ReadonlySet<Slot>, asked: readonly Place[], at: number): void {
    for (const place of asked)
      if (still.has(place)) place.validUntil = at + LEASE_MS;
      else this.forget(place);
  }

  /** Sends those away who wait, background work alone where the process only begins to stop. */
  refuseWaiting(priorities: readonly Priority[] = PRIORITIES): void {
    this.line.refuse(priorities);
  }

  /** The vendor wants a rest: nobody goes ahead on what was let in before. */
  heldBack(): void {
    this.ahead = { calls: 0, until: 0 };
    this.heldBackAt = performance.now();
  }

  private async serve(): Promise<void> {
    if (this.isAsking) return;
    this.isAsking = true;
    try {
      while (!this.line.isEmpty()) {
        this.letInAhead();
        if (this.line.isEmpty()) break;
        const restMs = await this.ask();
        if (!this.line.isEmpty()) await this.rest(restMs);
      }
    } catch (error) {
      this.line.refuse(PRIORITIES, error);
    } finally {
      this.isAsking = false;
      this.waitsForSlot = false;
      this.closeIfEmpty();
    }
  }

  /** Lets in, without a look at the database, those who may come early and for whom there is a slot at hand. */
  private letInAhead(): void {
    const now = performance.now();
    while (this.ahead.calls > 0 && now < this.ahead.until && this.idle.length > 0) {
      const priority = this.line.length('user') > 0 ? 'user' : 'background';
      if (priority === 'background' && !this.mayUseAnother(now)) return;
      const place = this.idle.find(({ validUntil }) => validUntil - MARGIN_MS > now);
      if (!place || !this.line.letIn(priority, place)) return;
      this.idle = this.idle.filter((one) => one !== place);
      this.ahead.calls -= 1;
    }
  }

  /** Background work leaves a slot to users, and lets go where another process waits. */
  private mayUseAnother(now: number): boolean {
    const used = this.places.filter(({ priority }) => priority === 'background').length;
    return now >= this.breathesUntil && used < Math.max(1, this.limits.maxInFlight - 1);
  }

  /** Asks the database whom it lets in; says how long to rest before the next question. */
  private async ask(): Promise<number> {
    const at = performance.now();
    this.waitsForSlot = this.hasNews = false;
    const users = this.line.length('user');
    const background = at < this.breathesUntil ? 0 : this.line.length('background');
    if (users + background === 0) return this.breathesUntil - at;
    const offered = this.idle.splice(0);
    const admission = await this.store
      .admit(this.limits, { users, background, idle: offered.map(({ number }) => number) })
      .catch((error: unknown) => {
        this.idle.push(...offered);
        throw error;
      });
    this.take(admission, offered, at);
    const rests = PRIORITIES.flatMap((priority) => this.restOf(priority, admission, at));
    return Math.min(LONGEST_REST_MS, ...rests);
  }

  /** Hands out what was let in. Who has gone meanwhile leaves a slot over. */
  private take(admission: Admission, offered: readonly Place[], at: number): void {
    const { users, background, extra, claimed, kept, hasRival } = admission;
    for (const place of offered) if (!kept.includes(place.number)) this.forget(place);
    const validUntil = at + LEASE_MS;
    const fresh = claimed.map((slot): Place => ({ ...slot, key: this.key, validUntil, priority: null }));
    for (const place of fresh) this.held.add(place);
    const places = [...offered.filter(({ number }) => kept.includes(number)), ...fresh];
    const turns = [...Array<Priority>(users).fill('user'), ...Array<Priority>(background).fill('background')];
    for (const priority of turns) {
      const place = places.shift();
      if (place && !this.line.letIn(priority, place)) places.push(place);
    }
    this.idle.push(...places);
    if (places.length > 0) this.lingerOn();
    if (extra > 0 && at > this.heldBackAt) this.ahead = { calls: extra, until: at + BLOCK_MS };
    if (hasRival) this.rivalUntil = at + RIVAL_MS;
  }

  /** How long those of a priority have to wait; whoever has not the patience is told at once. */
  private restOf(priority: Priority, admission: Admission, at: number): number[] {
    const waitMs = priority === 'user' ? admission.usersWaitMs : admission.backgroundWaitMs;
    this.readyAt[priority] = at + waitMs;
    if (waitMs > 0) this.line.refuseLate(priority, at + waitMs, this.gapMs);
    if (this.line.length(priority) === 0) return [];
    this.waitsForSlot ||= waitMs === 0;
    return [waitMs === 0 ? spread(SLOT_POLL_MS) : waitMs + Math.random() * SLOT_POLL_MS];
  }

  /** Rests until there is news, or so long. */
  private rest(ms: number): Promise<void> {
    if (this.hasNews) return Promise.resolve();
    return new Promise((done) => {
      const timer = setTimeout(done, ms);
      this.interrupt = () => {
        clearTimeout(timer);
        done();
      };
    });
  }

  private wake(): void {
    this.hasNews = true;
    this.interrupt();
  }

  private lingerOn(): void {
    this.linger ??= setTimeout(() => {
      this.linger = undefined;
      this.release(this.idle.splice(0));
      this.closeIfEmpty();
    }, LINGER_MS);
  }

  private release(places: readonly Place[]): void {
    if (places.length === 0) return;
    for (const place of places) this.held.delete(place);
    // Who cannot give it back now loses it with its lease.
    this.store.release(places).catch(() => undefined);
  }

  private forget(place: Place): void {
    this.held.delete(place);
    this.idle = this.idle.filter((one) => one !== place);
  }

  private closeIfEmpty(): void {
    if (this.held.size === 0 && this.line.isEmpty() && !this.isAsking) this.whenEmpty();
  }
}
