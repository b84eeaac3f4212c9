import type { ResourceName } from '../canonical/index';
import type { IdentityService, Located } from '../identity/identity.service';
import { PATIENCE, type Session, type SessionsService } from '../connections/sessions.service';
import { TRANSACTION_TIME, type Database, type Query } from '../platform/database/database';
import { notFound, Problem } from '../platform/http/problems';
import type { Port, Seen } from '../vendors/contract';
import type { MirrorReaderRepository } from './mirror-reader.repository';
import {
  hasExternalId,
  isTaken,
  peeked,
  peekStatement,
  type PeekedRecord,
  type PeekedRow,
  type TakenTime,
} from './record-lookups.repository';
import type { Include, PageRequest, RenderedPage, RenderedRecord } from './records';
import type { MirrorWriterService } from './mirror-writer.service';

export type { PeekedRecord, TakenTime };

/** What a single record is asked for; `fresh`: the vendor is asked first. */
export interface RecordRequest {
  readonly include?: readonly Include[] | undefined;
  readonly includeDeleted?: boolean | undefined;
  readonly fresh: boolean;
}
/** Whose records, of what kind. */
export interface Subject {
  readonly tenantId: string;
  readonly resource: ResourceName;
}
export interface RecordTools {
  readonly reader: MirrorReaderRepository;
  readonly writer: MirrorWriterService;
  readonly identity: IdentityService;
  readonly sessions: SessionsService;
  readonly database: Database;
}

/** The canonical records as callers read them: from the mirror, or from the vendor when they insist. */
export class RecordsService {
  constructor(private readonly tools: RecordTools) {}

  list({ tenantId, resource }: Subject, request: PageRequest): Promise<RenderedPage> {
    return this.tools.reader.page(tenantId, resource, request);
  }

  async get(
    subject: Subject,
    id: string,
    { include = [], includeDeleted = false, fresh }: RecordRequest,
  ): Promise<RenderedRecord> {
    if (fresh) await this.refresh(subject, id);
    const record = await this.tools.reader.one(subject.tenantId, subject.resource, id, include);
    if (!record || (record.deletedAt !== null && !includeDeleted)) throw notFound();
    return record;
  }

  /** A record as it stands, parsed; null where the tenant has none of that name, or only a mention of it. */
  async peek({ tenantId, resource }: Subject, id: string): Promise<PeekedRecord | null> {
    const [row] = await this.tools.database.read<PeekedRow>(tenantId, peekStatement(tenantId, resource, id));
    return peeked(row);
  }

  /** The same inside a transaction. */
  async peekIn(query: Query, { tenantId, resource }: Subject, id: string): Promise<PeekedRecord | null> {
    const [row] = await query<PeekedRow>(peekStatement(tenantId, resource, id));
    return peeked(row);
  }

  /** A record as it is shown, read in the transaction that changed it. */
  rendered(query: Query, subject: Subject, id: string): Promise<RenderedRecord | null> {
    return this.tools.reader.oneIn(query, subject.tenantId, subject.resource, { id, include: [] });
  }

  /** Whether one of these practitioners is booked then, by another appointment than `except`. */
  isTaken(query: Query, tenantId: string, time: TakenTime, except: string | null): Promise<boolean> {
    return isTaken(query, tenantId, time, except);
  }

  /** Whether another record than `except` has the caller's id already. */
  hasExternalId(
    query: Query,
    { tenantId, resource }: Subject,
    externalId: string,
    except: string | null,
  ): Promise<boolean> {
    return hasExternalId(query, tenantId, { resource, externalId, except });
  }

  /** Reads one record from the vendor into the mirror. vendor_gone where the vendor no longer has it. */
  private async refresh({ tenantId, resource }: Subject, id: string): Promise<void> {
    const { identity, sessions, database } = this.tools;
    const [found, connection] = await database.together(tenantId, (query) =>
      Promise.all([identity.locateIn(query, tenantId, [id]), sessions.connectionOf(query, tenantId, id)]),
    );
    const located = found.get(id);
    if (located?.resource !== resource || !connection) throw notFound();
    const session = await sessions.openFound(connection, PATIENCE.request);
    const ask = (session.ports[resource] as Partial<Port<ResourceName>> | undefined)?.get;
    if (!ask)
      throw new Problem(
        'capability_not_supported',
        `${session.vendor.title} cannot be asked for one of its ${resource}; read without Cache-Control: no-cache`,
      );
    const asked = async <T>(asking: Promise<T>): Promise<T> =>
      asking.catch(async (error: unknown) => {
        throw await sessions.problemOf(session, error, true);
      });
    const get = (): Promise<Seen<ResourceName> | null> => asked(ask(located.ref));
    // Not found may also mean that nothing is, under a wrong address: only a vendor that answers otherwise is believed,
    // and only when it says so again.
    const confirmed = async (): Promise<Seen<ResourceName> | null> => {
      await asked(session.vendor.check(session.http, session.settings));
      return get();
    };
    const seen = (await get()) ?? (await confirmed());
    await database.inTenant(tenantId, async (query) => {
      const at = TRANSACTION_TIME;
      if (seen) await this.store(query, session, { resource, located, seen, at });
      else await this.tools.writer.markGone(query, tenantId, { resource, ids: [id], at });
    });
    if (!seen) throw new Problem('vendor_gone', 'The vendor no longer has this record');
  }

  private async store(
    query: Parameters<Parameters<Database['inTenant']>[1]>[0],
    { connection, vendor }: Session,
    {
      resource,
      located,
      seen,
      at,
    }: { resource: ResourceName; located: Located; seen: Seen<ResourceName>; at: string },
  ): Promise<void> {
    const owner = { tenantId: connection.tenantId, connectionId: connection.id, vendor: vendor.name };
    await this.tools.writer.put(query, owner, {
      resource,
      seen: { ...seen, ref: located.ref },
      secretFields: vendor.secretFields,
      at,
    });
  }
}
