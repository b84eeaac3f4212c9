import type { Cursors } from '../platform/http/cursor';
import { DEFAULT_LIMIT } from '../platform/http/paging.dto';
import { listed, type Rendered } from '../platform/http/rendered';
import type { IdentityRepository, MappingFilters } from './identity.repository';

/** The mapping table as callers look into it. */
export class RemoteIdsService {
  constructor(
    private readonly identity: IdentityRepository,
    private readonly cursors: Cursors,
  ) {}

  async list(tenantId: string, request: MappingFilters & { limit?: number; cursor?: string }): Promise<Rendered> {
    const { limit = DEFAULT_LIMIT, cursor, ...filters } = request;
    const list = [tenantId, 'remote-ids', filters];
    const rows = await this.identity.mappings(tenantId, filters, { after: this.cursors.read(list, cursor)?.[0] ?? null, limit: limit + 1 });
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    return listed(page, limit, last ? this.cursors.write(list, [last.canonicalId]) : null);
  }
}
