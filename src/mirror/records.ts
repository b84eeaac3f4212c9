import type { Filters } from './filters';

/** What a record may carry beyond itself. */
export const INCLUDES = ['remote', 'client', 'practitioner', 'service', 'location'] as const;
export type Include = (typeof INCLUDES)[number];

/** Which part of a list is read. `after` is the sort value and id of the last record of the page before. */
export interface PageRequest {
  readonly filters: Filters;
  readonly sort: string;
  readonly limit: number;
  readonly after: readonly string[] | null;
  readonly include: readonly Include[];
}
/** A page whose records are written JSON already. */
export interface RenderedPage {
  readonly records: readonly string[];
  /** The same as they are stored: what was added to them, the last moment they were seen say, is left out. */
  readonly documents: readonly string[];
  /** Where the next page goes on; null at the end. */
  readonly last: readonly string[] | null;
}
/** One record, rendered, with what a reader needs to know of it. */
export interface RenderedRecord {
  readonly json: string;
  readonly version: number;
  /** What tells whether that which is included is still the same; empty where nothing is. */
  readonly beside: string;
  readonly deletedAt: string | null;
  readonly connectionId: string;
  readonly vendor: string;
}
