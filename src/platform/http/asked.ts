import { createHash } from 'node:crypto';
import { createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Caller } from '../scopes';
import { wrongParameter } from './problems';

/** Who asks for what, and under which key it shall happen once. */
export interface Asked {
  readonly asker: {
    readonly tenantId: string;
    readonly apiKeyId: string;
    readonly requestId: string;
    readonly instance: string;
  };
  readonly key: { readonly key: string; readonly part: number; readonly hash: Buffer } | null;
}

/** Stands for the tenant where the operator asks. */
export const NOBODY = '00000000-0000-0000-0000-000000000000';
const KEY = /^[\x20-\x7e]{1,255}$/;

/** The request as far as it tells one from another: its method, path, query and body. */
function hashOf({ method, url, body }: FastifyRequest): Buffer {
  return createHash('sha256')
    .update(`${method} ${url}\n`)
    .update(JSON.stringify(body ?? null))
    .digest();
}

/** Reads who asks, and the `Idempotency-Key`. */
export function askedBy(request: FastifyRequest & { readonly caller?: Caller }): Asked {
  const { caller, id } = request;
  const asker = {
    tenantId: caller?.tenantId ?? NOBODY,
    apiKeyId: caller?.apiKeyId ?? NOBODY,
    requestId: id,
    instance: request.url.split('?', 1)[0] ?? '/',
  };
  const key = request.headers['idempotency-key'];
  if (key === undefined) return { asker, key: null };
  if (typeof key !== 'string' || !KEY.test(key))
    throw wrongParameter('Idempotency-Key', 'Idempotency-Key must have 1 to 255 plain characters');
  return { asker, key: { key, part: -1, hash: hashOf(request) } };
}

/** Who asks for a write, and under which key. */
export const TheAsked = createParamDecorator((_: unknown, context: ExecutionContext) =>
  askedBy(context.switchToHttp().getRequest()),
);

export const KEEPS_KEYS = Symbol('keeps keys');
/** The operation answers under an `Idempotency-Key` by itself, because its work is kept with it. */
export const KeepsKeys = (): MethodDecorator => SetMetadata(KEEPS_KEYS, true);

export const NEVER_AGAIN = Symbol('never again');
/**
 * What the operation does for such a body must not be done twice, and nobody can find out whether it was done: under the
 * same `Idempotency-Key` it is not tried again once it may have been.
 */
export const NeverAgain = (isDeed: (body: unknown) => boolean): MethodDecorator =>
  SetMetadata(NEVER_AGAIN, isDeed);
