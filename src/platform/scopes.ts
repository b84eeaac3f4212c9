/** What a tenant's key may do. */
export const SCOPES = ['read', 'write', 'passthrough', 'manage'] as const;
export type Scope = (typeof SCOPES)[number];

/** Who calls: a tenant's key. */
export interface Caller {
  readonly tenantId: string;
  readonly apiKeyId: string;
  readonly scopes: readonly Scope[];
}
