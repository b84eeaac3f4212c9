import type { ResourceName } from '../canonical/index';
import type { Page } from '../vendors/contract';

/** Puts small pages together, so that a vendor that hands out ten records at a time does not cost a transaction for each ten. */
export async function* gathered<R extends ResourceName>(
  pages: AsyncIterable<Page<R>>,
  atLeast: number,
): AsyncGenerator<Page<R>> {
  let held: Page<R> | null = null;
  for await (const page of pages) {
    held = held
      ? {
          items: [...held.items, ...page.items],
          setAside: [...held.setAside, ...page.setAside],
          next: page.next,
        }
      : page;
    if (held.items.length < atLeast) continue;
    yield held;
    held = null;
  }
  if (held) yield held;
}

/** Asks for the next page while the last one is being stored: one page ahead, never more. */
export async function* oneAhead<T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  const ask = (): Promise<IteratorResult<T>> => {
    const asked = source.next();
    asked.catch(() => undefined);
    return asked;
  };
  let pending = ask();
  try {
    for (let result = await pending; !result.done; result = await pending) {
      pending = ask();
      yield result.value;
    }
  } finally {
    await pending.catch(() => undefined);
    await source.return(undefined);
  }
}
