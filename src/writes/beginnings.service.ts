import { PATIENCE, type SessionsService } from '../connections/sessions.service';
import type { IdentityService } from '../identity/identity.service';
import type { RecordsService } from '../mirror/records.service';
import type { Database, Query } from '../platform/database/database';
import { violates } from '../platform/database/errors';
import { newId } from '../platform/ids';
import { notFound } from '../platform/http/problems';
import type { DraftsService, Prepared, Situation } from './drafts.service';
import type { KeysRepository, KeyState } from './keys.repository';
import { externalIdTaken, slotTaken, underWay } from './refusals';
import type { Asker, Key, Trace, Wish, Write } from './write';
import type { WritesRepository } from './writes.repository';

export interface BeginningTools {
  readonly database: Database;
  readonly drafts: DraftsService;
  readonly writes: WritesRepository;
  readonly keys: KeysRepository;
  readonly sessions: SessionsService;
  readonly records: RecordsService;
  readonly identity: IdentityService;
}

const BEAT_MS = 5_000;

/** Ends a transaction without an error: what it was to keep is not kept. */
export class Halt extends Error {
  constructor(readonly why: KeyState | 'busy' | 'stale') {
    super('halt');
  }
}

/** A wish that is ready to be begun. */
export interface Ready extends Situation {
  readonly asker: Asker;
  readonly wish: Wish;
  readonly prepared: Prepared;
  readonly trace: Trace;
}

/** Begins writes: checks what is wished for, and keeps the intent before anything is sent. */
export class BeginningsService {
  private readonly underWay = new Map<string, Write>();
  private beating: NodeJS.Timeout | undefined;

  constructor(private readonly tools: BeginningTools) {}

  /** The session, the record as it stands, and the wish in the vendor's words; Problem where it cannot be done. */
  async ready(asker: Asker, wish: Wish): Promise<Ready> {
    const { drafts, sessions, records } = this.tools;
    const { tenantId } = asker;
    const { resource, id } = wish;
    const [located, current] = await Promise.all([
      drafts.locate(tenantId, wish),
      id === null ? null : records.peek({ tenantId, resource }, id),
    ]);
    const connectionId = id === null ? wish.connectionId : located.get(id)?.connectionId;
    if (!connectionId || (id !== null && (!current || current.deletedAt !== null))) throw notFound();
    if (current) wish.requireVersion(current.version);
    const trace: Trace = { sent: 0, applied: 0 };
    const session = await sessions.open(tenantId, connectionId, PATIENCE.request, (phase) => {
      trace[phase] += 1;
    });
    const situation = { session, located, current };
    return { ...situation, asker, wish, trace, prepared: await drafts.prepare(asker, wish, situation) };
  }

  /** Keeps the intent, and with it everything that must not change before the write has ended. */
  async begin(ready: Ready, key: Key | null): Promise<Write | Halt> {
    const { asker, wish, prepared, session } = ready;
    const write = {
      tenantId: asker.tenantId,
      id: newId(),
      connectionId: session.connection.id,
      resource: wish.resource,
      op: prepared.op,
      recordId: wish.id ?? newId(),
      request: prepared.request,
      key: key && { key: key.key, part: key.part },
    };
    try {
      const begun = await this.tools.database.inTenant(asker.tenantId, async (query) => {
        if (key) await this.takeKey(query, asker, key);
        const createdAt = await this.tools.writes.insert(query, write);
        if (createdAt === null) throw new Halt('busy');
        await this.guard(query, { ...write, createdAt, looks: 0 }, ready);
        return { ...write, createdAt, looks: 0 };
      });
      return this.noted(begun);
    } catch (error) {
      if (error instanceof Halt) return error;
      throw conflictOf(error);
    }
  }

  /** The write is carried out no more: settled, or left to whoever looks for it. */
  ended({ id }: Write): void {
    this.underWay.delete(id);
  }

  /** From now on this process says that it carries the write out. */
  private noted(write: Write): Write {
    this.underWay.set(write.id, write);
    this.beating ??= setInterval(() => void this.beat(), BEAT_MS).unref();
    return write;
  }

  private async beat(): Promise<void> {
    if (this.underWay.size > 0)
      await this.tools.writes.beat([...this.underWay.values()]).catch(() => undefined);
  }

  /** What must hold while the intent is kept: the version read is the one that stands, the time is free, the ids are. */
  private async guard(query: Query, write: Write, { wish, prepared, current }: Ready): Promise<void> {
    const { records, writes, identity } = this.tools;
    const { tenantId, resource, connectionId, recordId } = write;
    if (current) {
      const now = await records.peekIn(query, { tenantId, resource }, recordId);
      if (now?.version !== current.version) throw new Halt('stale');
    }
    if (prepared.takes) {
      await writes.hold(query, write, prepared.takes);
      if (await records.isTaken(query, tenantId, prepared.takes, wish.id)) throw slotTaken();
    }
    const { externalId = null } = wish;
    const owner = { tenantId, connectionId, vendor: write.request.vendor };
    if (wish.id === null || externalId !== null)
      await identity.reserve(query, owner, { resource, id: recordId, externalId });
    if (
      externalId !== null &&
      (await records.hasExternalId(query, { tenantId, resource }, externalId, wish.id))
    )
      throw externalIdTaken();
  }

  /** Takes the key inside the transaction that begins the work; ends it where the key is not ours. */
  async takeKey(query: Query, { tenantId }: Asker, key: Key): Promise<void> {
    const state = await this.tools.keys.take(query, tenantId, key);
    if (state.kind !== 'ours') throw new Halt(state);
  }
}

/** A constraint of the database that a write ran into, as the caller's problem; what it was not, as it is. */
export function conflictOf(error: unknown): unknown {
  if (violates(error, 'held_times_tenant_id_practitioner_id_during_excl')) return slotTaken();
  if (violates(error, 'reserved_ids_external')) return externalIdTaken();
  if (violates(error, 'reserved_ids_pkey')) return underWay();
  return error;
}
