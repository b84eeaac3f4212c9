import { createHash } from 'node:crypto';
import { Problem } from '../platform/http/problems';
import type { BulkService } from './bulk.service';
import type { RequestsService } from './requests.service';
import { problemAnswer } from './settlement.service';
import type { Answer, Asker, Key, Wish } from './write';
import type { WritesService } from './writes.service';

/** One operation of a batch: a wish, or why it is none. */
export type Operation = Wish | Problem;

const AT_ONCE = 4;
const UNSETTLED = new Set(['idempotency_in_progress', 'vendor_timeout']);

/** Several writes in one request: each stands for itself, and each happens once. */
export class BatchService {
  constructor(
    private readonly writes: WritesService,
    private readonly together: BulkService,
    private readonly requests: RequestsService,
  ) {}

  /** Carries out all operations; the answer lists what became of each, in their order. */
  execute(asker: Asker, operations: readonly Operation[], key: Key | null): Promise<Answer> {
    return this.requests.once(asker, key, async () => {
      const answers = await this.all(asker, operations, key);
      const body = `{"results":[${answers.map(resultOf).join(',')}]}`;
      const headers = { 'content-type': 'application/json; charset=utf-8' };
      return { status: 200, body, headers, isUnfinished: answers.some(isUnsettled) };
    });
  }

  /** The vendor's bulk endpoint where it has one, else one by one; those of one record keep their order. */
  private async all(asker: Asker, operations: readonly Operation[], key: Key | null): Promise<Answer[]> {
    const answers: Answer[] = [];
    const single: number[] = [];
    const parts = operations.map((_, i) => key && partOf(key, i));
    const wishes = operations.flatMap((wish, i) =>
      wish instanceof Problem ? [] : [{ index: i, wish, key: parts[i] ?? null }],
    );
    operations.forEach((wish, i) => {
      if (wish instanceof Problem) answers[i] = problemAnswer(wish, asker);
    });
    const bulk = await this.together.execute(asker, wishes);
    for (const { index } of wishes) {
      const answer = bulk.get(index);
      if (answer) answers[index] = answer;
      else single.push(index);
    }
    const chains = chained(single, operations);
    let next = 0;
    const work = async (): Promise<void> => {
      for (let chain = chains[next++]; chain; chain = chains[next++])
        for (const index of chain)
          answers[index] = await this.writes.execute(asker, operations[index] as Wish, parts[index] ?? null);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return answers;
  }
}

/** The operations that touch the same record, in their order; new records stand for themselves. */
function chained(indexes: readonly number[], operations: readonly Operation[]): number[][] {
  const chains = new Map<string, number[]>();
  for (const index of indexes) {
    const id = (operations[index] as Wish).id ?? `new ${String(index)}`;
    chains.set(id, [...(chains.get(id) ?? []), index]);
  }
  return [...chains.values()];
}

const partOf = ({ key, hash }: Key, part: number): Key => ({
  key,
  part,
  hash: createHash('sha256').update(hash).update(String(part)).digest(),
});

const isSuccess = ({ status }: Answer): boolean => status < 400;

function resultOf(answer: Answer): string {
  const { status, body } = answer;
  if (status === 204) return '{"status":204}';
  return `{"status":${String(status)},"${isSuccess(answer) ? 'data' : 'problem'}":${body}}`;
}

/** Whether the operation may still come to another end: then the key is not used up. */
const isUnsettled = (answer: Answer): boolean =>
  !isSuccess(answer) &&
  (answer.status >= 500 || UNSETTLED.has((JSON.parse(answer.body) as { code: string }).code));
