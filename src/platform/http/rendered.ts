import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { Problem } from './problems';

/** An answer whose JSON is written already: it was rendered once, when the record was stored. */
export class Rendered {
  constructor(
    readonly json: string,
    readonly options: { readonly etag?: string; readonly nextCursor?: string | null } = {},
  ) {}
}

/** Whether a list of entity tags names this one. */
const names = (header: string, etag: string): boolean =>
  header.trim() === '*' || header.split(',').some((one) => one.trim().replace(/^W\//, '') === etag);

/** The ETag of a version. */
export const etagOf = (version: number): string => `"${String(version)}"`;

/** 412 where the caller has seen another version than the one that stands. */
export function requireMatch(ifMatch: string | undefined, version: number): void {
  if (ifMatch !== undefined && !names(ifMatch, etagOf(version)))
    throw new Problem('version_mismatch', 'The record has another version by now; read it again');
}

/** Sends rendered answers with their ETag and Link, and 304 to those who have them already. */
@Injectable()
export class RenderedInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    return next
      .handle()
      .pipe(map((answer: unknown) => (answer instanceof Rendered ? write(answer, request, reply) : answer)));
  }
}

function write(
  { json, options: { etag, nextCursor } }: Rendered,
  request: FastifyRequest,
  reply: FastifyReply,
): string | undefined {
  void reply.header('content-type', 'application/json; charset=utf-8');
  if (nextCursor) void reply.header('link', `<${nextPage(request.url, nextCursor)}>; rel="next"`);
  if (etag === undefined) return json;
  void reply.header('etag', etag);
  const known = request.headers['if-none-match'];
  if (known === undefined || request.method !== 'GET' || !names(known, etag)) return json;
  void reply.code(304);
  return undefined;
}

function nextPage(url: string, cursor: string): string {
  const [path = '/', query = ''] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', cursor);
  return `${path}?${parameters.toString()}`;
}

/** A single record with its version as ETag. */
export const single = (record: { readonly version: number }): Rendered =>
  new Rendered(JSON.stringify(record), { etag: etagOf(record.version) });

/** A page of a list whose records are still objects. */
export const listed = (data: readonly unknown[], limit: number, nextCursor: string | null): Rendered =>
  new Rendered(JSON.stringify({ data, page: { limit, nextCursor } }), { nextCursor });
