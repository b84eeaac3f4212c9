import type { Database } from '../platform/database/database';
import { Problem } from '../platform/http/problems';
import type { KeysRepository, KeyState } from './keys.repository';
import { answerOfKey, isFinal, problemAnswer } from './settlement.service';
import type { Answer, Asker, Key } from './write';

const HOLD_MS = 10_000;

/** Requests that are more than one write, or none at the vendor, done once for each key. */
export class RequestsService {
  constructor(
    private readonly database: Database,
    private readonly keys: KeysRepository,
  ) {}

  /**
   * Runs `work` unless the key has an answer already, and keeps its answer where that is final: a success, or a refusal
   * that trying again does not change. `isUnfinished` in the answer lets the same key go on later. `unheard` is the
   * answer of work that must not be done twice, and of which nobody can find out what became of it.
   */
  async once(
    asker: Asker,
    key: Key | null,
    work: () => Promise<Answer & { readonly isUnfinished?: boolean }>,
    unheard: Problem | null = null,
  ): Promise<Answer> {
    if (!key) return work();
    const state = await this.take(asker, key, unheard);
    if (state.kind !== 'ours') return answerOfKey(asker, state);
    const { tenantId } = asker;
    const holding = setInterval(() => void this.keys.hold(tenantId, key).catch(() => undefined), HOLD_MS);
    try {
      const { isUnfinished = false, ...answer } = await work();
      await this.close(tenantId, key, isUnfinished ? null : answer);
      return answer;
    } catch (error) {
      const kept = ending(error, unheard);
      await this.close(tenantId, key, kept && problemAnswer(kept, asker));
      throw error;
    } finally {
      clearInterval(holding);
    }
  }

  /** Takes the key, and keeps with it what is said should this process not live to say more. */
  private take(asker: Asker, key: Key, unheard: Problem | null): Promise<KeyState> {
    const { tenantId } = asker;
    return this.database.inTenant(tenantId, async (query) => {
      const state = await this.keys.take(query, tenantId, key);
      if (state.kind === 'ours' && unheard)
        this.keys.presume(query, tenantId, key, problemAnswer(unheard, asker));
      return state;
    });
  }

  private close(tenantId: string, key: Key, answer: Answer | null): Promise<void> {
    return this.database.inTenant(tenantId, (query) => {
      if (answer) this.keys.answer(query, tenantId, key, answer);
      else this.keys.forget(query, tenantId, key);
      return Promise.resolve();
    });
  }
}

/** What the key says from now on; null where the same key may try again. */
function ending(error: unknown, unheard: Problem | null): Problem | null {
  if (!(error instanceof Problem)) return unheard;
  const isUnknown = error.extras.outcome === 'unknown';
  return isFinal(error) || (isUnknown && unheard) ? error : null;
}
