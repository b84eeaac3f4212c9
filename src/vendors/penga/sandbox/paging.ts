import type { FastifyRequest } from 'fastify';
import { invalid } from './refusal';

const MAX_PER_PAGE = 10;
const MAX_TERM = 25;
/** How many records a list without pages gives, where the reference says so. */
export const MAX_LISTED = 10;

export type Parameters = Readonly<Record<string, string>>;
/** The parts of the path by name. */
export const parameters = (request: FastifyRequest): Parameters => request.params as Parameters;
/** The query by name. */
export const query = (request: FastifyRequest): Partial<Parameters> => request.query as Partial<Parameters>;

/** What was searched for, in small letters; blank where nothing was. */
export function searchTerm(request: FastifyRequest): string {
  const term = query(request)['searchTerm'] ?? '';
  if (term.length > MAX_TERM)
    throw invalid({
      searchTerm: [`The search term may not be greater than ${String(MAX_TERM)} characters.`],
    });
  return term.toLowerCase();
}

/** Whether one of the texts holds the term. */
export const holds = (term: string, texts: readonly (string | null | undefined)[]): boolean =>
  texts.some((text) => text?.toLowerCase().includes(term));

function wholeNumber(value: string | undefined, name: string, max: number): number {
  const number = Number(value);
  if (!/^\d{1,9}$/.test(value ?? '') || number < 1 || number > max)
    throw invalid({ [name]: [`The ${name} must be an integer between 1 and ${String(max)}.`] });
  return number;
}

/** Rows of a list, or a stretch of them. */
export interface Stretch<T> {
  readonly rows: readonly T[];
  readonly from: number;
  readonly to: number;
}
/** All rows of a list. */
export const whole = <T>(rows: readonly T[]): Stretch<T> => ({ rows, from: 0, to: rows.length });

/** Oddities of single lists: the search in `path`, links without a host. */
export interface Oddities {
  readonly searchInPath?: boolean;
  readonly isRelative?: boolean;
  readonly losesQuery?: boolean;
}

const EACH_SIDE = 3;

/** Laravel's window of page numbers: all of 13, else the ends and the neighbours, with gaps (null) between. */
function pageNumbers(current: number, last: number): (number | null)[] {
  const run = (from: number, to: number): number[] =>
    Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const near = EACH_SIDE + 4;
  if (last < EACH_SIDE * 2 + 8) return run(1, last);
  if (current <= near) return [...run(1, near + EACH_SIDE), null, last - 1, last];
  if (current > last - near) return [1, 2, null, ...run(last - (near + EACH_SIDE - 1), last)];
  return [1, 2, null, ...run(current - EACH_SIDE, current + EACH_SIDE), null, last - 1, last];
}

/** The addresses of a list's pages, as the vendor writes them. */
function addresses(request: FastifyRequest, { searchInPath, isRelative, losesQuery }: Oddities) {
  const { searchTerm: term } = query(request);
  const search = term === undefined || losesQuery ? '' : `searchTerm=${encodeURIComponent(term)}`;
  const path = isRelative ? '/' : `http://${request.host}${request.url.split('?')[0] ?? ''}`;
  return {
    path: searchInPath && search !== '' ? `${path}?${search}` : path,
    url: (page: number): string => `${path}?${search === '' ? '' : `${search}&`}page=${String(page)}`,
  };
}

/** One page in the vendor's envelope (Laravel's length-aware paginator). */
export function pageOf<T>(
  request: FastifyRequest,
  { rows, from, to }: Stretch<T>,
  view: (row: T) => unknown,
  oddities: Oddities = {},
): Record<string, unknown> {
  const perPage = wholeNumber(parameters(request)['perPage'], 'perPage', MAX_PER_PAGE);
  const page = wholeNumber(query(request)['page'] ?? '1', 'page', 999_999_999);
  const total = to - from;
  const last = Math.max(1, Math.ceil(total / perPage));
  const start = Math.min(to, from + (page - 1) * perPage);
  const data = rows.slice(start, Math.min(to, start + perPage)).map(view);
  const { path, url } = addresses(request, oddities);
  const previous = page > 1 ? url(page - 1) : null;
  const next = page < last ? url(page + 1) : null;
  return {
    current_page: page,
    data,
    first_page_url: url(1),
    from: data.length === 0 ? null : start - from + 1,
    last_page: last,
    last_page_url: url(last),
    links: [
      { url: previous, label: 'pagination.previous', active: false },
      ...pageNumbers(page, last).map((number) =>
        number === null
          ? { url: null, label: '...', active: false }
          : { url: url(number), label: String(number), active: number === page },
      ),
      { url: next, label: 'pagination.next', active: false },
    ],
    next_page_url: next,
    path,
    per_page: perPage,
    prev_page_url: previous,
    to: data.length === 0 ? null : start - from + data.length,
    total,
  };
}

/** The period that a path names. */
export function periodOf(request: FastifyRequest): { from: number; to: number } {
  const { startTime, endTime } = parameters(request);
  for (const [name, value] of Object.entries({ startTime, endTime }))
    if (!/^\d{1,11}$/.test(value ?? '')) throw invalid({ [name]: [`The ${name} must be a Unix timestamp.`] });
  return { from: Number(startTime), to: Number(endTime) };
}
