import { Injectable } from '@nestjs/common';
import { TABLES } from '../mirror/tables';
import type { Filters } from '../mirror/filters';
import type { Include } from '../mirror/records';
import { RecordsService, type RecordRequest, type Subject } from '../mirror/records.service';
import { Cursors } from '../platform/http/cursor';
import { DEFAULT_LIMIT } from '../platform/http/paging.dto';
import { etagOf, pageOf, Rendered } from '../platform/http/rendered';
import { AuditService } from '../tenants/audit.service';

/** What a list is asked for. */
export interface ListRequest extends Filters {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  readonly sort?: string | undefined;
  readonly include?: readonly Include[] | undefined;
}

/** The mirror's records as answers: pages with their cursor, single records with their ETag. Records are text already. */
@Injectable()
export class RecordAnswers {
  constructor(
    private readonly records: RecordsService,
    private readonly cursors: Cursors,
    private readonly audit: AuditService,
  ) {}

  async list(subject: Subject, request: ListRequest): Promise<Rendered> {
    const {
      limit = DEFAULT_LIMIT,
      cursor,
      sort = TABLES[subject.resource].defaultSort,
      include = [],
      ...filters
    } = request;
    const list = [subject.tenantId, subject.resource, sort, filters];
    const after = this.cursors.read(list, cursor);
    const { records, documents, last } = await this.records.list(subject, {
      filters,
      sort,
      limit,
      after,
      include,
    });
    const [connectionId = null, ...others] = filters.connectionId ?? [];
    this.audit.shows({
      resource: subject.resource,
      records: documents,
      connectionId: others.length === 0 ? connectionId : null,
      asked: request,
    });
    const nextCursor = last && this.cursors.write(list, last);
    return pageOf(records, { limit, nextCursor });
  }

  async get(subject: Subject, id: string, request: RecordRequest): Promise<Rendered> {
    const { json, version, beside, connectionId } = await this.records.get(subject, id, request);
    this.audit.shows({ resource: subject.resource, records: [json], connectionId, asked: request });
    return new Rendered(json, { etag: etagOf(version, beside) });
  }
}
