import { randomUUID } from 'node:crypto';
import type { WriteCall } from '../../contract';
import { VendorError } from '../../kit/error';
import { Refusal } from '../../kit/refusal';
import type { Sandbox } from '../../kit/sandbox';

/** What goes with a write of a story: a new id, taken on now. */
export const call = (): WriteCall => ({
  id: randomUUID(),
  since: new Date().toISOString(),
  notifyClient: false,
  location: null,
  known: () => null,
  marked: () => undefined,
});

async function thrown<E>(kind: new (...all: never[]) => E, work: Promise<unknown>): Promise<E> {
  const error: unknown = await work.catch((one: unknown) => one);
  if (!(error instanceof kind)) throw new Error(`no ${kind.name} but ${String(error)}`);
  return error;
}
/** The failure of a call; anything else fails the story. */
export const failure = (work: Promise<unknown>): Promise<VendorError> => thrown(VendorError, work);
/** The refusal of a write that the adapter did not send. */
export const refused = (work: Promise<unknown>): Promise<Refusal> => thrown(Refusal, work);
/** Its code and field. */
export async function refusal(work: Promise<unknown>): Promise<readonly string[]> {
  const { code, field } = await refused(work);
  return [code, field];
}

/** What a sandbox was asked, without ids and queries. */
export const asked = ({ requests }: Sandbox): readonly string[] =>
  requests.map((one) => one.replace(/\?.*/, '').replace(/\/\d+/, '/N'));
/** The writes among that, applied or not. */
export const written = (sandbox: Sandbox): readonly string[] =>
  asked(sandbox).filter((one) => !one.startsWith('GET'));
