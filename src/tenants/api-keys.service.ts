import { newId } from '../platform/ids';
import { sha256 } from '../platform/crypto';
import type { Database } from '../platform/database/database';
import { notFound, wrongField } from '../platform/http/problems';
import type { Instant } from '../canonical/values';
import { ApiKey } from './api-key.entity';
import type { Caller, Scope } from '../platform/scopes';
import { looksLikeKey, newKey, shownPrefix } from './key-text';
import { Tenant } from './tenant.entity';

const REMEMBERED_MS = 900;
const REMEMBERED_KEYS = 10_000;

/** A key's row as it may be shown. */
export type ShownKey = Omit<ApiKey, 'hash' | 'tenantId'>;
export interface NewKey {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt?: Instant | undefined;
}

const shown = ({ id, name, scopes, prefix, createdAt, expiresAt, revokedAt }: ApiKey): ShownKey => ({
  id,
  name,
  scopes,
  prefix,
  createdAt,
  expiresAt,
  revokedAt,
});

/** Tenants' keys: made, listed, revoked, and looked up for each request. */
export class ApiKeysService {
  /** What was looked up within the last second: a revocation is felt within it, and a busy key costs one query. */
  private readonly remembered = new Map<
    string,
    { readonly caller: Promise<Caller | null>; readonly until: number }
  >();

  constructor(private readonly database: Database) {}

  async create(tenantId: string, { name, scopes, expiresAt }: NewKey): Promise<ShownKey & { key: string }> {
    if (expiresAt !== undefined && Date.parse(expiresAt) <= Date.now())
      throw wrongField('/expiresAt', 'must lie in the future');
    const key = newKey();
    const row = await this.database.systemEntities(async (manager) => {
      if (!(await manager.existsBy(Tenant, { id: tenantId }))) throw notFound();
      const made = manager.create(ApiKey, {
        id: newId(),
        tenantId,
        name,
        scopes: [...new Set(scopes)],
        prefix: shownPrefix(key),
        hash: sha256(key),
        createdAt: new Date().toISOString(),
        expiresAt: expiresAt ?? null,
        revokedAt: null,
      });
      await manager.insert(ApiKey, made);
      return made;
    });
    return { ...shown(row), key };
  }

  /** A page of a tenant's keys in the order in which they were made, and whether there are more. */
  async list(
    tenantId: string,
    { after, limit }: { after: string | null; limit: number },
  ): Promise<{ rows: ShownKey[]; more: boolean }> {
    return this.database.systemEntities(async (manager) => {
      if (!(await manager.existsBy(Tenant, { id: tenantId }))) throw notFound();
      const select = manager.createQueryBuilder(ApiKey, 'k').where({ tenantId });
      const rows = await (after === null ? select : select.andWhere('k.id > :after', { after }))
        .orderBy('k.id')
        .limit(limit + 1)
        .getMany();
      return { rows: rows.slice(0, limit).map(shown), more: rows.length > limit };
    });
  }

  /** Revokes a key; it stays listed. Revoking twice is no error. */
  async revoke(tenantId: string, id: string): Promise<void> {
    await this.database.systemEntities(async (manager) => {
      const key = await manager.findOneBy(ApiKey, { id, tenantId });
      if (!key) throw notFound();
      if (key.revokedAt === null)
        await manager.update(ApiKey, { id, tenantId }, { revokedAt: new Date().toISOString() });
    });
    this.forgetAll();
  }

  /** Looks every key up again from now on. */
  forgetAll(): void {
    this.remembered.clear();
  }

  /** Whose key this is; null for a made-up, unknown, revoked or expired one. */
  async find(key: string): Promise<Caller | null> {
    const now = performance.now();
    const known = this.remembered.get(key);
    if (known && known.until > now) return known.caller;
    if (!looksLikeKey(key)) return null;
    if (this.remembered.size >= REMEMBERED_KEYS) this.remembered.clear();
    const caller = this.lookUp(key);
    this.remembered.set(key, { caller, until: now + REMEMBERED_MS });
    caller.catch(() => this.remembered.delete(key));
    return caller;
  }

  private async lookUp(key: string): Promise<Caller | null> {
    const [row] = await this.database.readAsSystem<{ id: string; tenant_id: string; scopes: Scope[] }>({
      name: 'api_key_by_hash',
      text: `select id, tenant_id, scopes from api_keys
             where hash = $1 and revoked_at is null and (expires_at is null or expires_at > now())`,
      values: [sha256(key)],
    });
    return row ? { tenantId: row.tenant_id, apiKeyId: row.id, scopes: row.scopes } : null;
  }
}
