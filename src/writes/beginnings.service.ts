import type { ConnectionsService } from '../connections/connections.service';
import { PATIENCE, type Session, type SessionsService } from '../connections/sessions.service';
import type { Instant } from '../canonical/values';
import type { IdentityService, Located } from '../identity/identity.service';
import type { PeekedRecord, RecordsService } from '../mirror/records.service';
import type { Database, Query } from '../platform/database/database';
import { violates } from '../platform/database/errors';
import { newId } from '../platform/ids';
import { notFound } from '../platform/http/problems';
import type { DraftsService, Prepared, Situation } from './drafts.service';
import type { KeysRepository, KeyState } from './keys.repository';
import { externalIdTaken, heldUp, slotTaken, underWay } from './refusals';
import type { Asker, Key, Trace, Wish, Write } from './write';
import { LEASE_SECONDS, type WritesRepository } from './writes.repository';

export interface BeginningTools {
  readonly database: Database;
  readonly connections: ConnectionsService;
  readonly drafts: DraftsService;
  readonly writes: WritesRepository;
  readonly keys: KeysRepository;
  readonly sessions: SessionsService;
  readonly records: RecordsService;
  readonly identity: IdentityService;
}

const BEAT_MS = 5_000;
const LEASE_MS = LEASE_SECONDS * 1000;

/** Ends a transaction without an error: what it was to keep is not kept. */
export class Halt extends Error {
  constructor(readonly why: KeyState | 'busy' | 'stale') {
    super('halt');
  }
}

type NewWrite = Omit<Write, 'createdAt' | 'looks'>;

/** What is known of a wish, its key and its connection. */
interface Look {
  readonly state: KeyState | null;
  readonly located: ReadonlyMap<string, Located>;
  readonly current: PeekedRecord | null;
  readonly connection: Session['connection'] | null;
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
  private readonly underWay = new Map<string, { readonly write: Write; readonly trace: Trace }>();
  private beating: NodeJS.Timeout | undefined;

  constructor(private readonly tools: BeginningTools) {}

  /**
   * The session, the record as it stands, and the wish in the vendor's words; Problem where it cannot be done, what the key
   * has led to where that is something already.
   */
  async ready(asker: Asker, wish: Wish, key: Key | null): Promise<Ready | KeyState> {
    const { drafts, sessions } = this.tools;
    const { state, located, current, connection } = await this.look(asker, wish, key);
    if (state) return state;
    if (!connection || (wish.id !== null && (!current || current.deletedAt !== null))) throw notFound();
    if (current) wish.requireVersion(current.version);
    const trace: Trace = { sent: 0, applied: 0, heldUntil: null };
    const session = await sessions.openFound(connection, PATIENCE.request, (phase) => {
      if (phase === 'sent' && trace.sent === 0) requireLease(trace);
      trace[phase] += 1;
    });
    const situation = { session, located, current };
    return { ...situation, asker, wish, trace, prepared: await drafts.prepare(asker, wish, situation) };
  }

  /** Keeps the intent, and with it everything that must not change before the write has ended. */
  async begin(ready: Ready, key: Key | null): Promise<Write | Halt> {
    const { asker, wish, prepared, session } = ready;
    const at = Date.now();
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
      const createdAt = await this.tools.database.inTenant(asker.tenantId, (query) =>
        this.keep(query, write, ready, key),
      );
      return this.noted({ ...write, createdAt, looks: 0 }, ready.trace, at);
    } catch (error) {
      if (error instanceof Halt) return error;
      throw conflictOf(error);
    }
  }

  /** All that is known before anything is begun, in as few looks at the database as can be. */
  private async look(asker: Asker, wish: Wish, key: Key | null): Promise<Look> {
    const { database, drafts, records, connections, keys } = this.tools;
    const { tenantId } = asker;
    const { resource, id, connectionId } = wish;
    const [state, located, current, connection] = await database.together(tenantId, (query) =>
      Promise.all([
        key && keys.read(query, tenantId, key),
        drafts.locate(query, tenantId, wish),
        id === null ? null : records.peekIn(query, { tenantId, resource }, id),
        id === null
          ? connectionId && connections.findIn(query, tenantId, connectionId)
          : connections.findOf(query, tenantId, id),
      ]),
    );
    return { state, located, current, connection: connection || null };
  }

  /** The write is carried out no more: settled, or left to whoever looks for it. */
  ended({ id }: Write): void {
    this.underWay.delete(id);
  }

  /** From now on this process says that it carries the write out. */
  private noted(write: Write, trace: Trace, at: number): Write {
    trace.heldUntil = at + LEASE_MS;
    this.underWay.set(write.id, { write, trace });
    this.beating ??= setInterval(() => void this.beat(), BEAT_MS).unref();
    return write;
  }

  private async beat(): Promise<void> {
    const [held, at] = [[...this.underWay.values()], Date.now()];
    if (held.length === 0) return;
    const kept = await this.tools.writes.beat(held.map(({ write }) => write)).catch(() => null);
    for (const { write, trace } of held) if (kept?.has(write.id)) trace.heldUntil = at + LEASE_MS;
  }

  /**
   * Keeps the intent, with the key before it and what must hold behind it. Of a new record all of that travels at once.
   */
  private async keep(query: Query, write: NewWrite, ready: Ready, key: Key | null): Promise<Instant> {
    const { keys, writes, records } = this.tools;
    const { tenantId, resource, recordId } = write;
    const { current } = ready;
    const taking = key && keys.take(query, tenantId, key);
    const inserting = writes.insert(query, write);
    const peeking = current && records.peekIn(query, { tenantId, resource }, recordId);
    if (!current) {
      const guarding = this.guard(query, write, ready);
      taking?.catch(() => undefined);
      inserting.catch(() => undefined);
      await guarding.catch(async (inTheWay: unknown) => {
        // What is in the way may be what the key's own first try holds: it counts for whoever has the key alone.
        const state = await taking?.catch((): KeyState => ({ kind: 'running' }));
        throw state && state.kind !== 'ours' ? new Halt(state) : inTheWay;
      });
    }
    const [state, createdAt, now] = await Promise.all([taking, inserting, peeking]);
    if (state && state.kind !== 'ours') throw new Halt(state);
    if (createdAt === null) throw new Halt('busy');
    if (now?.version !== current?.version) throw new Halt('stale');
    if (current) await this.guard(query, write, ready);
    return createdAt;
  }

  /** What must hold while the intent is kept: the time is free, the ids are. */
  private async guard(query: Query, write: NewWrite, { wish, prepared }: Ready): Promise<void> {
    const { records, writes, identity } = this.tools;
    const { tenantId, resource, connectionId, recordId } = write;
    const { externalId = null, id } = wish;
    const { takes } = prepared;
    if (takes) writes.hold(query, write, takes);
    const lookingAtTime = takes && records.isTaken(query, tenantId, takes, id);
    const owner = { tenantId, connectionId, vendor: write.request.vendor };
    if (id === null || externalId !== null)
      identity.reserve(query, owner, { resource, id: recordId, externalId });
    const lookingAtIds =
      externalId !== null && records.hasExternalId(query, { tenantId, resource }, externalId, id);
    const [isTaken, isUsed] = await Promise.all([lookingAtTime, lookingAtIds]);
    if (isTaken) throw slotTaken();
    if (isUsed) throw externalIdTaken();
  }

  /** Takes the key inside the transaction that begins the work; ends it where the key is not ours. */
  async takeKey(query: Query, { tenantId }: Asker, key: Key): Promise<void> {
    const state = await this.tools.keys.take(query, tenantId, key);
    if (state.kind !== 'ours') throw new Halt(state);
  }
}

/**
 * A process that stood still between keeping the intent and sending it may find that others have looked for the write since,
 * and told its caller that it was not done: then it must not send.
 */
function requireLease({ heldUntil }: Trace): void {
  if (heldUntil !== null && Date.now() >= heldUntil) throw heldUp();
}

/** A constraint of the database that a write ran into, as the caller's problem; what it was not, as it is. */
export function conflictOf(error: unknown): unknown {
  if (violates(error, 'held_times_tenant_id_practitioner_id_during_excl')) return slotTaken();
  if (violates(error, 'reserved_ids_external')) return externalIdTaken();
  if (violates(error, 'reserved_ids_pkey')) return underWay();
  return error;
}
