import type { Session } from '../connections/sessions.service';
import { Problem } from '../platform/http/problems';
import type { BulkItem, Port } from '../vendors/contract';
import { Refusal } from '../vendors/kit/refusal';
import type { BeginningsService, Ready } from './beginnings.service';
import { Halt } from './beginnings.service';
import type { BegunService } from './begun.service';
import type { KeysRepository } from './keys.repository';
import { answerOfKey, type SettlementService } from './settlement.service';
import {
  callOf,
  type Answer,
  type Asker,
  type Key,
  type Trace,
  type Wish,
  type WritableResource,
  type Write,
} from './write';

/** A wish of a batch, by its place there. */
export interface Placed {
  readonly index: number;
  readonly wish: Wish;
  readonly key: Key | null;
}
interface Begun {
  readonly index: number;
  readonly write: Write;
  readonly session: Session;
  readonly trace: Trace;
}
type AnyPort = Partial<Port<WritableResource>>;

export interface BulkTools {
  readonly beginnings: BeginningsService;
  readonly begun: BegunService;
  readonly settlement: SettlementService;
  readonly keys: KeysRepository;
}

/** Writes that a vendor takes many of in one request: each begun, verified and settled for itself. */
export class BulkService {
  constructor(private readonly tools: BulkTools) {}

  /** Carries out what can go out together; the answers by their place. What is left out is to be done one by one. */
  async execute(asker: Asker, wishes: readonly Placed[]): Promise<Map<number, Answer>> {
    const answers = new Map<number, Answer>();
    const groups = new Map<string, { placed: Placed; ready: Ready }[]>();
    for (const placed of alone(wishes)) {
      const ready = await this.ready(asker, placed, answers);
      if (!ready || !bulkOf(ready)) continue;
      const group = `${ready.session.connection.id} ${placed.wish.resource}`;
      groups.set(group, [...(groups.get(group) ?? []), { placed, ready }]);
    }
    for (const group of groups.values()) if (group.length > 1) await this.together(asker, group, answers);
    return answers;
  }

  /** What is needed to begin; an answer instead where the key has one, or where the wish is refused. */
  private async ready(
    asker: Asker,
    { index, wish, key }: Placed,
    answers: Map<number, Answer>,
  ): Promise<Ready | null> {
    try {
      const ready = await this.tools.beginnings.ready(asker, wish, key);
      if (!('kind' in ready)) return ready;
      answers.set(index, answerOfKey(asker, ready));
      return null;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      answers.set(index, await this.tools.settlement.refusedAtOnce(asker, error, key));
      return null;
    }
  }

  private async together(
    asker: Asker,
    group: readonly { placed: Placed; ready: Ready }[],
    answers: Map<number, Answer>,
  ): Promise<void> {
    const begun: Begun[] = [];
    for (const { placed, ready } of group) {
      // Where the database fails now, those that were begun are sent even so: nobody else does, and nobody looks for them.
      const made = await this.begin(asker, placed, ready).catch(() => null);
      if (made && 'status' in made) answers.set(placed.index, made);
      else if (made)
        begun.push({ index: placed.index, write: made, session: ready.session, trace: ready.trace });
    }
    if (begun.length === 0) return;
    try {
      await this.send(begun, answers);
    } finally {
      for (const { write } of begun) this.tools.beginnings.ended(write);
    }
  }

  /** Begins one; its answer where it has one already, null where it is to have its turn by itself. */
  private async begin(asker: Asker, { key }: Placed, ready: Ready): Promise<Write | Answer | null> {
    const { beginnings, settlement } = this.tools;
    try {
      const write = await beginnings.begin(ready, key);
      if (!(write instanceof Halt)) return write;
      // Busy, or changed meanwhile.
      return typeof write.why === 'string' ? null : answerOfKey(asker, write.why);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return settlement.refusedAtOnce(asker, error, key);
    }
  }

  private async send(begun: readonly Begun[], answers: Map<number, Answer>): Promise<void> {
    const { session, trace } = begun[0] as Begun;
    const port = session.ports[(begun[0] as Begun).write.resource] as AnyPort;
    const marks = begun.map(() => new Map<string, string>());
    const items = begun.map(({ write }, i) => itemOf(write, marks[i] ?? new Map<string, string>()));
    const outcomes = await Promise.resolve(port.bulk?.(items) ?? []).catch((error: unknown) =>
      begun.map(() => (error instanceof Error ? error : new Error('bulk failed'))),
    );
    const wasSent = trace.sent > 0;
    await Promise.all(
      begun.map(async ({ index, write }, i) => {
        const outcome = outcomes[i] ?? new Error('the vendor was not asked');
        const answer =
          outcome instanceof Error
            ? await this.tools.begun.failed(write, session, {
                error: outcome,
                trace: { ...trace, sent: wasSent && !(outcome instanceof Refusal) ? 1 : 0, applied: 0 },
                marks: marks[i] ?? new Map<string, string>(),
              })
            : await this.tools.settlement.applied(write, session, outcome, marks[i]);
        answers.set(index, answer);
      }),
    );
  }
}

/** Those whose record no other operation of the batch touches: only they may go out in any order. */
function alone(wishes: readonly Placed[]): Placed[] {
  const times = new Map<string, number>();
  for (const { wish } of wishes) if (wish.id !== null) times.set(wish.id, (times.get(wish.id) ?? 0) + 1);
  return wishes.filter(({ wish }) => wish.op !== 'delete' && (wish.id === null || times.get(wish.id) === 1));
}

const bulkOf = ({ session, wish, prepared: { op, request } }: Ready): boolean =>
  (session.ports[wish.resource] as AnyPort | undefined)?.bulk !== undefined &&
  !(op === 'update' && Object.keys(request.draft).length === 0);

function itemOf(write: Write, marks: Map<string, string>): BulkItem<WritableResource> {
  const { op, request } = write;
  const call = callOf(write, marks);
  const ref = request.ref ?? { id: '', scope: '' };
  if (op === 'create') return { op, draft: request.draft, call };
  if (op === 'cancel') return { op, ref, why: request.why, call };
  return { op: 'update', ref, patch: request.draft, call };
}
