import type { Database } from '../platform/database/database';
import { Problem } from '../platform/http/problems';
import type { KeysRepository } from './keys.repository';
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
   * that trying again does not change. `isFinal: false` in the answer lets the same key go on later.
   */
  async once(
    asker: Asker,
    key: Key | null,
    work: () => Promise<Answer & { readonly isUnfinished?: boolean }>,
  ): Promise<Answer> {
    if (!key) return work();
    const { tenantId } = asker;
    const state = await this.database.inTenant(tenantId, (query) => this.keys.take(query, tenantId, key));
    if (state.kind !== 'ours') return answerOfKey(asker, state);
    const holding = setInterval(() => void this.keys.hold(tenantId, key).catch(() => undefined), HOLD_MS);
    try {
      const { isUnfinished = false, ...answer } = await work();
      await this.close(tenantId, key, isUnfinished ? null : answer);
      return answer;
    } catch (error) {
      const isKept = error instanceof Problem && isFinal(error);
      await this.close(tenantId, key, isKept ? problemAnswer(error, asker) : null);
      throw error;
    } finally {
      clearInterval(holding);
    }
  }

  private close(tenantId: string, key: Key, answer: Answer | null): Promise<void> {
    return this.database.inTenant(tenantId, (query) => {
      if (answer) this.keys.answer(query, tenantId, key, answer);
      else this.keys.forget(query, tenantId, key);
      return Promise.resolve();
    });
  }
}
