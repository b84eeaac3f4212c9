import { withAlongside } from '../platform/context';
import type { Database, Statement } from '../platform/database/database';
import { Problem } from '../platform/http/problems';
import type { KeysRepository, KeyState } from './keys.repository';
import { answerOfKey, isFinal, problemAnswer } from './settlement.service';
import type { Answer, Asker, Key } from './write';

const HOLD_MS = 10_000;

/** What a key says where nobody lives to tell how its request ended: from its start on, or once it has changed something. */
export interface Silence {
  readonly problem: Problem;
  readonly from: 'start' | 'change';
}

/** Requests that are more than one write, or none at the vendor, done once for each key. */
export class RequestsService {
  constructor(
    private readonly database: Database,
    private readonly keys: KeysRepository,
  ) {}

  /**
   * Runs `work` unless the key has an answer already, and keeps its answer where that is final: a success, or a refusal
   * that trying again does not change. `isUnfinished` in the answer lets the same key go on later.
   */
  async once(
    asker: Asker,
    key: Key | null,
    work: () => Promise<Answer & { readonly isUnfinished?: boolean }>,
    silence: Silence | null = null,
  ): Promise<Answer> {
    if (!key) return work();
    const { tenantId } = asker;
    const presumed = silence && this.keys.presumed(tenantId, key, problemAnswer(silence.problem, asker));
    const [atStart, alongside] = silence?.from === 'start' ? [presumed, null] : [null, presumed];
    const state = await this.take(tenantId, key, atStart);
    if (state.kind !== 'ours') return answerOfKey(asker, state);
    const holding = setInterval(() => void this.keys.hold(tenantId, key).catch(() => undefined), HOLD_MS);
    try {
      const { isUnfinished = false, ...answer } = await withAlongside(alongside, work);
      await this.close(tenantId, key, isUnfinished ? null : answer);
      return answer;
    } catch (error) {
      const kept = ending(error, silence);
      // How far an error of our own let the work come, nobody knows: what was presumed goes on being said.
      const keepsPresumed = !(error instanceof Problem);
      await this.close(tenantId, key, kept && problemAnswer(kept, asker), keepsPresumed);
      throw error;
    } finally {
      clearInterval(holding);
    }
  }

  /** Takes the key, and keeps with it what is said should this process not live to say more. */
  private take(tenantId: string, key: Key, presumed: Statement | null): Promise<KeyState> {
    return this.database.inTenant(tenantId, async (query) => {
      const state = await this.keys.take(query, tenantId, key);
      if (state.kind === 'ours' && presumed) query.later(presumed);
      return state;
    });
  }

  private close(tenantId: string, key: Key, answer: Answer | null, keepsPresumed = false): Promise<void> {
    return this.database.inTenant(tenantId, (query) => {
      if (answer) this.keys.answer(query, tenantId, key, answer);
      else this.keys.forget(query, tenantId, key, { keepsPresumed });
      return Promise.resolve();
    });
  }
}

/** What the key says from now on; null where the same key may try again. */
function ending(error: unknown, silence: Silence | null): Problem | null {
  const unheard = silence?.from === 'start' ? silence.problem : null;
  if (!(error instanceof Problem)) return unheard;
  const isUnknown = error.extras.outcome === 'unknown';
  return isFinal(error) || (isUnknown && unheard) ? error : null;
}
