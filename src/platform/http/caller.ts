import { createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { Caller, Scope } from '../scopes';

/** What a route demands: a scope of a tenant's key, the operator's key, or nothing. */
export type Demand = Scope | 'operator' | 'public';
export const DEMAND = Symbol('demand');

/** Says who may call a route. A route that says nothing is refused to everybody. */
export const Requires = (demand: Demand): ClassDecorator & MethodDecorator => SetMetadata(DEMAND, demand);

/** The caller, as the guard found it. */
export const TheCaller = createParamDecorator(
  (_: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<{ caller: Caller }>().caller,
);
