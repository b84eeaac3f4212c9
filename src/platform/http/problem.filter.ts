import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isPassing } from '../database/errors';
import type { Logger } from '../log';
import { Problem, problemBody, type ProblemCode } from './problems';

const RETRY_SECONDS = 1;
const BY_STATUS: Readonly<Record<number, readonly [ProblemCode, string]>> = {
  400: ['malformed_json', 'The body cannot be read as JSON'],
  404: ['not_found', 'No such path exists'],
  413: ['payload_too_large', 'The body is larger than 1 MiB'],
  415: ['unsupported_media_type', 'Send application/json'],
};

/** An exception of the framework's as one of our problems; null for what nobody foresaw. */
export function asProblem(error: unknown): Problem | null {
  if (error instanceof Problem) return error;
  const status = error instanceof HttpException ? error.getStatus() : statusCode(error);
  const known = BY_STATUS[status];
  return known ? new Problem(...known) : null;
}

const statusCode = (error: unknown): number =>
  typeof error === 'object' && error !== null && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : 500;

/** Sends a problem as application/problem+json. */
export function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
  const instance = request.url.split('?', 1)[0] ?? '/';
  const body = problemBody(problem, { instance, requestId: request.id });
  const { retryAfterSeconds, headers } = problem.extras;
  if (retryAfterSeconds !== undefined) void reply.header('retry-after', String(retryAfterSeconds));
  if (problem.code === 'unauthenticated') void reply.header('www-authenticate', 'Bearer');
  void reply
    .headers(headers ?? {})
    .code((body as { status: number }).status)
    .type('application/problem+json')
    .serializer(String)
    .send(JSON.stringify(body));
}

/** Turns whatever was thrown into a problem; what nobody foresaw is logged and tells the caller nothing. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly allowed: (path: string) => readonly string[],
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    sendProblem(this.problem(error, request), request, http.getResponse<FastifyReply>());
  }

  private problem(error: unknown, request: FastifyRequest): Problem {
    const problem = asProblem(error);
    if (!problem && isPassing(error)) {
      this.logger.warn({ err: error, route: request.routeOptions.url }, 'the database is away');
      return new Problem('unavailable', 'The database cannot be asked at the moment', {
        retryAfterSeconds: RETRY_SECONDS,
      });
    }
    if (!problem) {
      this.logger.error(
        { err: error, method: request.method, route: request.routeOptions.url },
        'request failed',
      );
      return new Problem('internal_error', 'Something went wrong here; the request id finds it in the log');
    }
    const path = request.url.split('?', 1)[0] ?? '/';
    const methods = problem.code === 'not_found' && !(error instanceof Problem) ? this.allowed(path) : [];
    if (methods.length === 0) return problem;
    const allow = methods.join(', ');
    return new Problem('method_not_allowed', `${request.method} is not offered here, only ${allow}`, {
      headers: { allow },
    });
  }
}
