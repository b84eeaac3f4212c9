import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Whether the caller insists on the vendor's own answer: `Cache-Control: no-cache`. */
export const Fresh = createParamDecorator((_: unknown, context: ExecutionContext) =>
  /\bno-cache\b/i.test(context.switchToHttp().getRequest<FastifyRequest>().headers['cache-control'] ?? ''),
);
