import type { GatewayId } from '../canonical/ids';
import type { Session } from '../connections/sessions.service';
import type { IdentityService, Owner } from '../identity/identity.service';
import type { MirrorWriterService } from '../mirror/mirror-writer.service';
import type { RecordsService } from '../mirror/records.service';
import { TRANSACTION_TIME, type Database, type Query } from '../platform/database/database';
import { Problem, problemBody, PROBLEMS } from '../platform/http/problems';
import type { Seen } from '../vendors/contract';
import type { AuditEntry } from '../tenants/audit-entry';
import type { AuditService } from '../tenants/audit.service';
import type { KeysRepository, KeyState } from './keys.repository';
import type { Answer, Asker, Key, WritableResource, Write } from './write';
import type { Outcome, WritesRepository } from './writes.repository';

export interface SettlementTools {
  readonly database: Database;
  readonly writes: WritesRepository;
  readonly keys: KeysRepository;
  readonly writer: MirrorWriterService;
  readonly records: RecordsService;
  readonly identity: IdentityService;
  readonly audit: AuditService;
}

/** What the vendor then holds, null where nothing, and what of it must not be kept. */
interface Stored {
  readonly secretFields: readonly string[];
  readonly seen: Seen<WritableResource> | null;
}
/** Somebody else has settled the write meanwhile. */
class SettledElsewhere extends Error {}

const STATUS = { create: 201, update: 200, cancel: 200, delete: 204 } as const;

/** Whether an answer stays what it is: 2xx, and 4xx that trying again does not change. */
export const isFinal = ({ code, extras }: Problem): boolean =>
  PROBLEMS[code].status < 500 && !PROBLEMS[code].retryable && extras.retryAfterSeconds === undefined;

/** A problem as it is sent and kept. */
export function problemAnswer(problem: Problem, { instance, requestId }: Asker): Answer {
  const { retryAfterSeconds, headers = {} } = problem.extras;
  return {
    status: PROBLEMS[problem.code].status,
    body: JSON.stringify(problemBody(problem, { instance, requestId })),
    headers: {
      ...headers,
      'content-type': 'application/problem+json',
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    },
  };
}

/** What the caller gets for a key that is not his to begin with. */
export function answerOfKey(asker: Asker, state: KeyState): Answer {
  if (state.kind === 'answered') return state.answer;
  const problem =
    state.kind === 'reused'
      ? new Problem('idempotency_key_reused', 'The key came with another request before; use a new one')
      : new Problem(
          'idempotency_in_progress',
          'The first request with this key has no outcome yet; ask again',
          {
            retryAfterSeconds: 1,
          },
        );
  return problemAnswer(problem, asker);
}

/**
 * Ends writes: the mapping, the mirror, what the gateway keeps beside it and the answer under its key change in one
 * transaction, or not at all. The change's event is written by the mirror's own triggers.
 */
export class SettlementService {
  constructor(private readonly tools: SettlementTools) {}

  /** The vendor did it, and `seen` is what it then holds (null: nothing any more). */
  async applied(
    write: Write,
    { vendor }: Pick<Session, 'vendor'>,
    seen: Seen<WritableResource> | null,
    marks: ReadonlyMap<string, string> = new Map(),
  ): Promise<Answer> {
    const { database, keys } = this.tools;
    try {
      return await database.inTenant(write.tenantId, async (query) => {
        const id = await this.endAndStore(query, write, { secretFields: vendor.secretFields, seen });
        this.note(query, write, marks);
        await this.tools.audit.record(query, auditOf(write, id, STATUS[write.op]));
        const answer = await this.answerOf(query, write, id, seen);
        if (write.key) keys.answer(query, write.tenantId, write.key, answer);
        return answer;
      });
    } catch (error) {
      if (error instanceof SettledElsewhere) return this.shown(write, seen);
      throw error;
    }
  }

  /** It was refused, or it never reached the vendor; `seen` is what the vendor holds where a part of it was done. */
  async refused(
    write: Write,
    problem: Problem,
    { vendor, seen = null }: { vendor: Session['vendor']; seen?: Seen<WritableResource> | null },
    outcome: Outcome = 'rejected',
  ): Promise<Answer> {
    const { database, identity, keys } = this.tools;
    const answer = problemAnswer(problem, write.request.asker);
    await database.inTenant(write.tenantId, async (query) => {
      if (!(await this.tools.writes.settle(query, write, outcome))) return;
      if (hasReserved(write)) identity.release(query, write.tenantId, write.recordId);
      if (seen) await this.store(query, write, { secretFields: vendor.secretFields, seen });
      if (!write.key) return;
      if (isFinal(problem)) keys.answer(query, write.tenantId, write.key, answer);
      else keys.forget(query, write.tenantId, write.key);
    });
    return answer;
  }

  /**
   * Keeps the answer to a request that was refused before anything was begun, where it is final. Where the key is
   * another request's, that one counts: it may have made the very change that this one was refused for.
   */
  async refusedAtOnce(asker: Asker, problem: Problem, key: Key | null): Promise<Answer> {
    const answer = problemAnswer(problem, asker);
    const { database, keys } = this.tools;
    if (!key || !isFinal(problem)) return answer;
    return database.inTenant(asker.tenantId, async (query) => {
      const state = await keys.take(query, asker.tenantId, key);
      if (state.kind !== 'ours') return answerOfKey(asker, state);
      keys.answer(query, asker.tenantId, key, answer);
      return answer;
    });
  }

  /** Ends the write and stores what came of it, in the same breath; where it was ended elsewhere, nothing of that stays. */
  private async endAndStore(query: Query, write: Write, what: Stored): Promise<string> {
    const [settled, stored] = await Promise.allSettled([
      this.tools.writes.settle(query, write, 'applied'),
      this.store(query, write, what),
    ]);
    if (settled.status === 'rejected') throw settled.reason;
    if (!settled.value) throw new SettledElsewhere();
    if (stored.status === 'rejected') throw stored.reason;
    return stored.value;
  }

  /** Brings the mirror to what the vendor holds, and what the gateway itself keeps of the record with it. */
  private async store(query: Query, write: Write, { secretFields, seen }: Stored): Promise<string> {
    const { writer, identity } = this.tools;
    const { tenantId, resource, op, request, recordId } = write;
    const at = TRANSACTION_TIME;
    if (op === 'cancel' && isExplained(write)) writer.keepReason(query, tenantId, recordId, request.why);
    const id = seen ? await this.mirror(query, write, { seen, secretFields, at }) : recordId;
    if (op === 'delete' && (seen?.deletedAt ?? null) === null)
      await writer.markGone(query, tenantId, { resource, ids: [id], at });
    if (hasReserved(write)) identity.release(query, tenantId, recordId);
    if (request.externalId !== undefined)
      writer.setExternalId(query, tenantId, { resource, id, externalId: request.externalId, at });
    return id;
  }

  private async mirror(
    query: Query,
    write: Write,
    { seen, secretFields, at }: { seen: Seen<WritableResource>; secretFields: readonly string[]; at: string },
  ): Promise<string> {
    const { resource, request, recordId, op } = write;
    const id = await this.tools.writer.put<WritableResource>(query, ownerOf(write), {
      resource,
      seen: request.ref ? { ...seen, ref: request.ref } : seen,
      secretFields,
      at,
      reserved: op === 'create' ? (recordId as GatewayId) : undefined,
    });
    return id ?? recordId;
  }

  /** What was found in, or written into, fields for a caller's id. */
  private note(query: Query, write: Write, marks: ReadonlyMap<string, string>): void {
    const sightings = [...marks].map(([id, mark]) => ({ id: id as GatewayId, mark }));
    this.tools.identity.seen(query, ownerOf(write), sightings, TRANSACTION_TIME);
  }

  private async answerOf(
    query: Query,
    { op, tenantId, resource }: Write,
    id: string,
    seen: Seen<WritableResource> | null,
  ): Promise<Answer> {
    if (op === 'delete') return { status: 204, body: '', headers: {} };
    const record = await this.tools.records.rendered(query, { tenantId, resource }, id);
    if (!record) throw new Error(`a ${resource} record was written and is not there`);
    const warnings = seen?.warnings ?? [];
    const said =
      warnings.length === 0
        ? record.json
        : `${record.json.slice(0, -1)},"warnings":${JSON.stringify(warnings)}}`;
    return {
      status: STATUS[op],
      body: said,
      headers: {
        etag: `"${String(record.version)}"`,
        'content-type': 'application/json; charset=utf-8',
        ...(op === 'create' ? { location: `/v1/${resource}/${id}` } : {}),
      },
    };
  }

  /** The answer to a write that another process has settled: the one that it kept, else the record as it stands. */
  private shown(write: Write, seen: Seen<WritableResource> | null): Promise<Answer> {
    const { tenantId, key, recordId } = write;
    return this.tools.database.inTenant(tenantId, async (query) => {
      if (!key) return this.answerOf(query, write, recordId, seen);
      const kept = await this.tools.keys.kept(query, tenantId, key);
      return kept ?? answerOfKey(write.request.asker, { kind: 'running' });
    });
  }
}

const DEEDS = { create: 'created', update: 'updated', cancel: 'cancelled', delete: 'deleted' } as const;

/** A write that was done, as the audit shows it: ids and words of ours alone. */
function auditOf(
  { tenantId, resource, op, connectionId, request }: Write,
  id: string,
  status: number,
): AuditEntry {
  const clients = request.known.filter((one) => one.resource === 'clients').map((one) => one.id);
  return {
    tenantId,
    actor: { kind: 'api_key', id: request.asker.apiKeyId },
    action: `${resource.slice(0, -1)}.${DEEDS[op]}`,
    resource,
    resourceIds: [id],
    clientIds: resource === 'clients' ? [] : clients,
    connectionId,
    outcome: 'done',
    status,
    requestId: request.asker.requestId,
  };
}

const isExplained = ({ request: { why } }: Write): boolean => why.reason !== null || why.note !== null;
const hasReserved = ({ op, request }: Write): boolean => op === 'create' || request.externalId !== undefined;

const ownerOf = ({ tenantId, connectionId, request }: Write): Owner => ({
  tenantId,
  connectionId,
  vendor: request.vendor,
});
