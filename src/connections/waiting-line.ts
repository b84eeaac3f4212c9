import type { Slot } from './limits.repository';
import { spent, type Priority, type Turn } from './turn';

/** A slot that this process holds, and what it is used for now. */
export interface Place extends Slot {
  readonly key: string;
  validUntil: number;
  priority: Priority | null;
}
interface Waiter {
  readonly turn: Turn;
  readonly deadline: number;
  readonly timer: NodeJS.Timeout;
  readonly admit: (place: Place) => void;
  readonly refuse: (error: unknown) => void;
}

export const PRIORITIES = ['user', 'background'] as const;

/** Who waits for a limit in this process, in the order of their coming, until their patience ends. */
export class WaitingLine {
  private readonly waiting: Readonly<Record<Priority, Waiter[]>> = { user: [], background: [] };

  length(priority: Priority): number {
    return this.waiting[priority].length;
  }

  isEmpty(): boolean {
    return PRIORITIES.every((priority) => this.waiting[priority].length === 0);
  }

  join(turn: Turn): Promise<Place> {
    const queue = this.waiting[turn.priority];
    return new Promise((admit, refuse) => {
      const timer = setTimeout(() => {
        queue.splice(queue.indexOf(waiter), 1);
        refuse(spent(turn, 0));
      }, turn.patienceMs);
      const deadline = performance.now() + turn.patienceMs;
      const waiter: Waiter = { turn, deadline, timer, admit, refuse };
      queue.push(waiter);
    });
  }

  /** Lets the first of a priority in; false where nobody waits any more. */
  letIn(priority: Priority, place: Place): boolean {
    const waiter = this.waiting[priority].shift();
    if (!waiter) return false;
    clearTimeout(waiter.timer);
    place.priority = priority;
    waiter.admit(place);
    return true;
  }

  /** Tells those who would wait longer than they can, each by its place in the queue: the first until `readyAt`, the others `gapMs` more each. */
  refuseLate(priority: Priority, readyAt: number, gapMs: number): void {
    const queue = this.waiting[priority];
    const late = new Set(queue.filter(({ deadline }, i) => readyAt + i * gapMs > deadline));
    this.waiting[priority].splice(0, queue.length, ...queue.filter((waiter) => !late.has(waiter)));
    for (const { turn, timer, refuse } of late) {
      clearTimeout(timer);
      refuse(spent(turn, readyAt - performance.now()));
    }
  }

  /** Sends everybody of these priorities away. */
  refuse(priorities: readonly Priority[], error?: unknown): void {
    for (const priority of priorities)
      for (const { turn, timer, refuse } of this.waiting[priority].splice(0)) {
        clearTimeout(timer);
        refuse(error ?? spent(turn, 0));
      }
  }
}
