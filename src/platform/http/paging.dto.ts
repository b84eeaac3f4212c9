import { MayBeAbsent, Text, WholeNumber } from './fields';

export const DEFAULT_LIMIT = 25;
export const MOST_PER_PAGE = 200;

/** How much of a list, and from where. */
export class PagingQuery {
  /** How many records at most. */
  @MayBeAbsent()
  @WholeNumber({ min: 1, max: MOST_PER_PAGE, byDefault: DEFAULT_LIMIT })
  limit?: number;

  /** Where to go on: `page.nextCursor` of the page before, with the same filters. */
  @MayBeAbsent()
  @Text({ max: 2000 })
  cursor?: string;
}

/** Where a list stands. */
export class PageDto {
  /** @example 25 */
  limit: number;
  /** The cursor of the next page; null at the end. */
  nextCursor: string | null;
}
