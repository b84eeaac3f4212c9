import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sameSecret } from '../platform/crypto';
import { Problem } from '../platform/http/problems';
import type { ApiKeysService } from './api-keys.service';
import { DEMAND, type Demand } from '../platform/http/caller';
import type { Caller, Scope } from '../platform/scopes';
import type { AuditService } from './audit.service';
import type { CallerLimit } from './caller-limit';

/** Lets a request through when its key is what the route demands, and within its rate limit. */
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly keys: ApiKeysService,
    private readonly limit: CallerLimit,
    private readonly audit: AuditService,
    private readonly operatorKey: string,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const demand = this.reflector.getAllAndOverride<Demand | undefined>(DEMAND, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (demand === 'public') return true;
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest & { caller?: Caller }>();
    const key = bearer(request.headers.authorization);
    if (demand === 'operator' && sameSecret(key, this.operatorKey)) return true;
    const caller = await this.keys.find(key);
    if (!caller) throw this.unknown(key);
    await this.limit.take(caller, http.getResponse<FastifyReply>());
    this.audit.requireRoom();
    request.caller = caller;
    if (demand === undefined || demand === 'operator' || !caller.scopes.includes(demand))
      throw tooFew(demand);
    return true;
  }

  /** Why a key that is no tenant's is refused where a tenant's is needed. */
  private unknown(key: string): Problem {
    return sameSecret(key, this.operatorKey)
      ? new Problem('forbidden', "The operator's key serves /v1/tenants alone; use a tenant's key here")
      : new Problem('unauthenticated', 'The key is unknown, revoked or expired');
  }
}

function bearer(header: string | undefined): string {
  const key = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1];
  if (key === undefined) throw new Problem('unauthenticated', 'Send Authorization: Bearer and your API key');
  return key;
}

function tooFew(demand: Scope | 'operator' | undefined): Problem {
  const needed = demand === 'operator' ? "the operator's key" : `the scope ${String(demand)}`;
  return new Problem('forbidden', `This needs ${needed}`);
}
