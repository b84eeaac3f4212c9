import {
  RequestMethod,
  type CallHandler,
  type ExecutionContext,
  type INestApplication,
  type NestInterceptor,
  type Type,
} from '@nestjs/common';
import { HTTP_CODE_METADATA, INTERCEPTORS_METADATA, METHOD_METADATA } from '@nestjs/common/constants';
import { ModulesContainer, type Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { firstValueFrom, from, type Observable } from 'rxjs';
import { CannotOpen, type Keyring } from '../platform/crypto';
import { askedBy, KEEPS_KEYS, NEVER_AGAIN } from '../platform/http/asked';
import { Problem } from '../platform/http/problems';
import { Rendered } from '../platform/http/rendered';
import { doneUnheard, unheard } from './refusals';
import type { RequestsService, Silence } from './requests.service';
import { placeOfAnswer } from './sealed-answers';
import type { Answer } from './write';

/**
 * Lets a POST that is no write at a vendor happen once for each `Idempotency-Key`, too. Such answers may hold what is
 * shown once (a new key, a secret): they are kept sealed.
 */
export class OnceInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly requests: RequestsService,
    private readonly keyring: Keyring,
  ) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const isOurs = request.headers['idempotency-key'] !== undefined;
    return isOurs ? from(this.once(context, request, next)) : next.handle();
  }

  private async once(
    context: ExecutionContext,
    request: FastifyRequest,
    next: CallHandler,
  ): Promise<Rendered> {
    const { asker, key } = askedBy(request);
    const place = placeOfAnswer(asker.tenantId, key?.key ?? '');
    const status = this.reflector.get<number | undefined>(HTTP_CODE_METADATA, context.getHandler()) ?? 201;
    const isDeed = this.reflector.get<((body: unknown) => boolean) | undefined>(
      NEVER_AGAIN,
      context.getHandler(),
    );
    const work = async (): Promise<Answer> => {
      const { status: own = status, ...made } = answerOf(await firstValueFrom(next.handle()));
      return { status: own, ...made, body: this.keyring.seal(made.body, place) };
    };
    const silence: Silence = isDeed?.(request.body)
      ? { problem: unheard(), from: 'start' }
      : { problem: doneUnheard(), from: 'change' };
    const answer = await this.requests.once(asker, key, work, silence);
    const isSealed = answer.status < 400;
    return renderedAnswer(isSealed ? { ...answer, body: this.opened(answer.body, place) } : answer);
  }

  /** What was done is not done again because nobody can read any more what was said of it. */
  private opened(body: string, place: string): string {
    try {
      return this.keyring.open(body, place);
    } catch (error) {
      if (!(error instanceof CannotOpen)) throw error;
      throw new Problem(
        'unavailable',
        'The first answer to this key cannot be unsealed: the encryption key that sealed it is not configured',
      );
    }
  }
}

/**
 * Puts the interceptor before each POST that does not keep its keys itself, whichever module it is of. As a global one it
 * would stand before every read too, and cost a page some 7 % of its time.
 */
export function answerPostsOnce(app: INestApplication): void {
  const once = app.get(OnceInterceptor);
  for (const { controllers } of app.get(ModulesContainer).values())
    for (const { metatype } of controllers.values())
      for (const handler of postsOf((metatype as Type<object>).prototype as object))
        Reflect.defineMetadata(INTERCEPTORS_METADATA, [once], handler);
}

const postsOf = (prototype: object): object[] =>
  Object.values(Object.getOwnPropertyDescriptors(prototype))
    .map(({ value }) => value as object)
    .filter(
      (handler) =>
        typeof handler === 'function' &&
        Reflect.getMetadata(METHOD_METADATA, handler) === RequestMethod.POST &&
        !Reflect.hasMetadata(KEEPS_KEYS, handler),
    );

/** What a handler gave back, as it will be sent. */
function answerOf(made: unknown): { status?: number; body: string; headers: Record<string, string> } {
  const type = { 'content-type': 'application/json; charset=utf-8' };
  if (!(made instanceof Rendered)) return { body: JSON.stringify(made ?? null), headers: type };
  const { etag, status, headers } = made.options;
  return {
    ...(status === undefined ? {} : { status }),
    body: made.json,
    headers: { ...type, ...headers, ...(etag === undefined ? {} : { etag }) },
  };
}

/** An answer as it is sent, whether it was made now or kept. */
export const renderedAnswer = ({ status, body, headers, isReplay = false }: Answer): Rendered =>
  new Rendered(body, {
    status,
    headers: { ...headers, ...(isReplay ? { 'idempotent-replayed': 'true' } : {}) },
  });
