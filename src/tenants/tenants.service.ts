import { newId } from '../platform/ids';
import type { Database } from '../platform/database/database';
import { isTaken } from '../platform/database/errors';
import { notFound, Problem } from '../platform/http/problems';
import type { ApiKeysService } from './api-keys.service';
import { Tenant } from './tenant.entity';

/** The operator's work: who uses this gateway. */
export class TenantsService {
  constructor(
    private readonly database: Database,
    private readonly keys: Pick<ApiKeysService, 'forgetAll'>,
  ) {}

  async create({ name, slug }: { name: string; slug: string }): Promise<Tenant> {
    const now = new Date().toISOString();
    const tenant = { id: newId(), name, slug, createdAt: now, updatedAt: now, version: 1 };
    await this.unlessTaken(() => this.database.systemEntities((manager) => manager.insert(Tenant, tenant)));
    return tenant;
  }

  /** A page of tenants in the order in which they were made, and whether there are more. */
  async list({
    after,
    limit,
  }: {
    after: string | null;
    limit: number;
  }): Promise<{ rows: Tenant[]; more: boolean }> {
    const rows = await this.database.systemEntities((manager) => {
      const select = manager
        .createQueryBuilder(Tenant, 't')
        .orderBy('t.id')
        .limit(limit + 1);
      return (after === null ? select : select.where('t.id > :after', { after })).getMany();
    });
    return { rows: rows.slice(0, limit), more: rows.length > limit };
  }

  async get(id: string): Promise<Tenant> {
    const tenant = await this.database.systemEntities((manager) => manager.findOneBy(Tenant, { id }));
    if (!tenant) throw notFound();
    return tenant;
  }

  /** Changes what is named; `check` sees the row as it stands, under lock. */
  async update(
    id: string,
    changes: { name?: string; slug?: string },
    check: (version: number) => void,
  ): Promise<Tenant> {
    return this.unlessTaken(() =>
      this.database.systemEntities(async (manager) => {
        const tenant = await manager.findOne(Tenant, { where: { id }, lock: { mode: 'pessimistic_write' } });
        if (!tenant) throw notFound();
        check(tenant.version);
        return manager.save(Tenant, { ...tenant, ...changes, updatedAt: new Date().toISOString() });
      }),
    );
  }

  /** Erases a tenant and all that is held of it; its keys open nothing from then on. */
  async remove(id: string, check: (version: number) => void): Promise<void> {
    await this.database.systemEntities(async (manager) => {
      const tenant = await manager.findOne(Tenant, { where: { id }, lock: { mode: 'pessimistic_write' } });
      if (!tenant) throw notFound();
      check(tenant.version);
      await manager.delete(Tenant, { id });
    });
    this.keys.forgetAll();
    // What a request that was under way kept under its key meanwhile: no reference holds it to its tenant.
    await this.database.systemEntities((manager) =>
      manager.query('delete from idempotency_keys where tenant_id = $1', [id]),
    );
  }

  private async unlessTaken<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isTaken(error)) throw new Problem('conflict', 'Another tenant has this slug');
      throw error;
    }
  }
}
