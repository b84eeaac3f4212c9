import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum';
import type { FastifyRequest } from 'fastify';
import { readBody } from './body';
import { validated } from './validation';

/** What has no member that is known. */
class Nothing {}

interface Taken {
  readonly query: boolean;
  readonly body: boolean;
}

function takenBy(context: ExecutionContext): Taken {
  const marks = Reflect.getMetadata(ROUTE_ARGS_METADATA, context.getClass(), context.getHandler().name) as
    Record<string, unknown> | undefined;
  const kinds = new Set(Object.keys(marks ?? {}).map((mark) => mark.split(':', 1)[0]));
  return {
    query: kinds.has(String(RouteParamtypes.QUERY)),
    body: kinds.has(String(RouteParamtypes.BODY)),
  };
}

/**
 * Reads what a caller that is let in has sent. An operation that takes no query, or no body, refuses what stands in it, as
 * the others refuse what they do not know.
 */
@Injectable()
export class NothingMoreGuard implements CanActivate {
  private readonly known = new WeakMap<object, Taken>();

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { url, query } = request;
    // Who asks for health may add what keeps caches away.
    if (!url.startsWith('/v1/')) return true;
    readBody(request);
    const handler = context.getHandler();
    let taken = this.known.get(handler);
    if (!taken) this.known.set(handler, (taken = takenBy(context)));
    if (!taken.query && url.includes('?')) validated(Nothing, query, { place: 'parameter' });
    if (!taken.body && request.body !== undefined) validated(Nothing, request.body);
    return true;
  }
}
