import type { ResourceName } from '../canonical/index';
import type { Written } from '../mirror/mirror-writer.service';
import type { Page } from '../vendors/contract';
import type { ResourceProgress, SyncError } from './sync.entity';

const MOST_ERRORS = 100;
const MOST_WORDS = 100;

export const NOT_BEGUN: ResourceProgress = {
  state: 'running',
  phase: 'list',
  cursor: null,
  seen: 0,
  created: 0,
  updated: 0,
  deleted: 0,
  failed: 0,
  drift: null,
  warnings: [],
};

/** The progress after one more page. */
export function counted(
  before: ResourceProgress,
  resource: ResourceName,
  page: Page<ResourceName>,
  written: Written,
): ResourceProgress {
  const words = page.items.flatMap(({ warnings }) => warnings);
  return {
    ...before,
    cursor: page.next,
    // What a full sync meets while it catches up comes again in the whole list.
    ...(before.phase === 'catch_up'
      ? {}
      : {
          seen: before.seen + page.items.length + page.setAside.length,
          failed: before.failed + page.setAside.length,
        }),
    created: before.created + written.created,
    updated: before.updated + written.updated,
    warnings: words.length === 0 ? before.warnings : withWords(before.warnings, resource, words),
  };
}

type Warnings = ResourceProgress['warnings'];

/** One warning for each word that no table knew, with how often it came. */
function withWords(
  before: Warnings,
  resource: ResourceName,
  words: readonly { field: string; value: string }[],
): Warnings {
  const all = new Map(
    before.map((warning) => [`${String(warning.field)} ${String(warning.value)}`, warning]),
  );
  for (const { field, value } of words) {
    const key = `${field} ${value}`;
    const known = all.get(key);
    const message = `The vendor's ${resource} have a ${field} that the gateway does not know: ${value}`;
    if (known) all.set(key, { ...known, count: known.count + 1 });
    else if (all.size < MOST_WORDS)
      all.set(key, { code: 'unknown_word', message, resource, field, value, count: 1 });
  }
  return [...all.values()];
}

/** The errors after one more page: the first hundred are kept. */
export function withSetAside(
  errors: readonly SyncError[],
  resource: ResourceName,
  page: Page<ResourceName>,
): readonly SyncError[] {
  if (page.setAside.length === 0) return errors;
  return withError(errors, ...page.setAside.map((one) => ({ resource, ...one })));
}

export const withError = (errors: readonly SyncError[], ...more: SyncError[]): SyncError[] =>
  [...errors, ...more].slice(0, MOST_ERRORS);
