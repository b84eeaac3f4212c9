import { setTimeout as pause } from 'node:timers/promises';
import { AMBIGUOUS_WRITE } from '../connections/connection-state';
import type { ConnectionWarningsService } from '../connections/connection-warnings.service';
import { PATIENCE, type Session, type SessionsService } from '../connections/sessions.service';
import type { IdentityService } from '../identity/identity.service';
import { InvalidRecord } from '../canonical/values';
import type { Database } from '../platform/database/database';
import { Problem } from '../platform/http/problems';
import type { Logger } from '../platform/log';
import type { Seen } from '../vendors/contract';
import { VendorError } from '../vendors/kit/error';
import { Refusal } from '../vendors/kit/refusal';
import { look, missingFrom, portOf, type AnyPort, type Sight } from './looks';
import { pointerOf } from './promises';
import { ambiguous, neverApplied, unknownOutcome } from './refusals';
import { problemAnswer, type SettlementService } from './settlement.service';
import { callOf, type Answer, type Trace, type Write, type WritableResource } from './write';
import type { WritesRepository } from './writes.repository';

export interface BegunTools {
  readonly database: Database;
  readonly writes: WritesRepository;
  readonly settlement: SettlementService;
  readonly sessions: SessionsService;
  readonly warnings: ConnectionWarningsService;
  readonly identity: IdentityService;
  readonly logger: Logger;
  /** After how many seconds an unknown outcome is looked for, again and again. */
  readonly looksAfter: readonly number[];
}

/** The looks that a caller waits for; the rest goes on without him. */
const PATIENT_SECONDS = 3;
const ONCE_MORE_SECONDS = 600;

type AnySeen = Seen<WritableResource>;

/** Carries out writes that were begun: sends each once, and where nobody knows what became of it, looks. */
export class BegunService {
  constructor(private readonly tools: BegunTools) {}

  /** Sends a write and settles it. `trace` counts what its session has sent. */
  async carryOut(write: Write, session: Session, trace: Trace): Promise<Answer> {
    const marks = new Map<string, string>();
    try {
      const seen = await perform(portOf(write, session), write, marks);
      return await this.tools.settlement.applied(write, session, seen, marks);
    } catch (error) {
      return this.failed(write, session, { error, trace, marks });
    }
  }

  /** Decides what a failure means for the write: refused, never sent, or unknown. */
  async failed(
    write: Write,
    session: Session,
    { error, trace, marks }: { error: unknown; trace: Trace; marks: Map<string, string> },
  ): Promise<Answer> {
    const { settlement } = this.tools;
    const { vendor } = session;
    if (error instanceof Refusal && trace.sent === trace.applied)
      return settlement.refused(write, asProblem(error), {
        vendor,
        seen: await this.partOf(write, session, trace),
      });
    if (trace.sent === 0) return this.notSent(write, session, error);
    if (isRefusal(error, trace)) {
      const problem = await this.problemOf(write, session, error);
      return settlement.refused(write, problem, { vendor, seen: await this.partOf(write, session, trace) });
    }
    this.tools.logger.warn(
      { writeId: write.id, operation: write.op, resource: write.resource, kind: kindOf(error) },
      'outcome of a write unknown; looking for it',
    );
    return this.lookAtOnce(write, session, marks);
  }

  /** Looks for the outcome of a write that nobody waits for; it is settled, or put off until the next look. */
  async lookAgain(write: Write): Promise<void> {
    const { looksAfter, sessions, writes } = this.tools;
    const looked = await sessions
      .open(write.tenantId, write.connectionId, PATIENCE.request)
      .then(async (session) => ({ session, sight: await this.see(write, session) }))
      .catch(() => null);
    const [before = 0, next] = [looksAfter[write.looks], looksAfter[write.looks + 1]];
    // A look that failed has shown nothing: it does not count.
    if (looked === null) return writes.unknown(write, write.looks, (next ?? ONCE_MORE_SECONDS) - before);
    const { session, sight } = looked;
    if (sight.kind !== 'nothing') {
      await this.settleSight(write, session, sight, new Map());
      return;
    }
    if (next !== undefined) return writes.unknown(write, write.looks + 1, next - before);
    await this.tools.settlement.refused(write, neverApplied(session.vendor), session, 'not_done');
  }

  /** The looks that the caller waits for. */
  private async lookAtOnce(write: Write, session: Session, marks: Map<string, string>): Promise<Answer> {
    const { looksAfter, writes } = this.tools;
    const patient = looksAfter.filter((seconds) => seconds <= PATIENT_SECONDS);
    let waited = 0;
    for (const seconds of patient) {
      await pause((seconds - waited) * 1000);
      waited = seconds;
      const sight = await this.see(write, session).catch(() => null);
      const answer =
        sight && sight.kind !== 'nothing'
          ? await this.settleSight(write, session, sight, marks).catch(() => null)
          : null;
      if (answer) return answer;
    }
    const next = looksAfter[patient.length] ?? waited + 1;
    await writes.unknown(write, patient.length, next - waited);
    return problemAnswer(unknownOutcome(session.vendor), write.request.asker);
  }

  private async settleSight(
    write: Write,
    session: Session,
    sight: Exclude<Sight, { kind: 'nothing' }>,
    marks: Map<string, string>,
  ): Promise<Answer> {
    if (sight.kind === 'applied') {
      const seen = sight.seen && (await this.completed(write, session, sight.seen, marks));
      return this.tools.settlement.applied(write, session, seen, marks);
    }
    const { resource, connectionId, tenantId } = write;
    await this.tools.warnings.add(tenantId, connectionId, {
      code: AMBIGUOUS_WRITE,
      message: `Several ${resource} at the vendor could be what one write made; look at them`,
      resource,
      field: null,
      value: write.id,
    });
    return this.tools.settlement.refused(write, ambiguous(resource), session, 'ambiguous');
  }

  /** Does the rest where only the first of several requests had reached the vendor; each of the others can be told from what is there. */
  private async completed(
    write: Write,
    session: Session,
    seen: AnySeen,
    marks: Map<string, string>,
  ): Promise<AnySeen> {
    const matrix = session.vendor.capabilities[write.resource];
    const port = portOf(write, session);
    if (write.op !== 'create' || !matrix || !port.update) return seen;
    const rest = missingFrom(seen.record, write, matrix);
    return Object.keys(rest).length === 0 ? seen : port.update(seen.ref, rest, callOf(write, marks));
  }

  /** Looks at the vendor; records that others have made, or that were there before, are not this write's. */
  private async see(write: Write, session: Session): Promise<Sight> {
    const matrix = session.vendor.capabilities[write.resource];
    if (!matrix) return { kind: 'nothing' };
    const sight = await look(write, session, matrix);
    if (write.op !== 'create' || sight.kind === 'nothing') return sight;
    const found = sight.kind === 'several' ? sight.seen : sight.seen ? [sight.seen] : [];
    const [first, ...others] = await this.unclaimed(write, found);
    if (first === undefined) return { kind: 'nothing' };
    return others.length === 0
      ? { kind: 'applied', seen: first }
      : { kind: 'several', seen: [first, ...others] };
  }

  private unclaimed(write: Write, found: readonly AnySeen[]): Promise<AnySeen[]> {
    const { database, identity, writes } = this.tools;
    const { tenantId, connectionId, resource, recordId, request, createdAt } = write;
    const owner = { tenantId, connectionId, vendor: request.vendor };
    const names = found.map(({ ref }) => ({ resource, ref }));
    return database.inTenant(tenantId, async (query) => {
      const { older, newer } = await identity.knownSince(query, owner, names, createdAt);
      const taken = await writes.givenByOthers(query, write, [...newer.values()]);
      return found.filter(({ ref }) => {
        const name = `${ref.scope}/${ref.id}`;
        const id = newer.get(name);
        return !older.has(name) && (id === undefined || id === recordId || !taken.has(id));
      });
    });
  }

  /** Nothing has left: whatever went wrong, the vendor knows nothing of it. */
  private async notSent(write: Write, session: Session, error: unknown): Promise<Answer> {
    const problem = await this.problemOf(write, session, error);
    const isFailure = !(error instanceof VendorError || error instanceof Refusal || error instanceof Problem);
    const answer = await this.tools.settlement.refused(write, problem, session, 'not_done');
    if (isFailure && !(error instanceof InvalidRecord))
      this.tools.logger.error({ err: error, writeId: write.id }, 'write failed before anything was sent');
    return answer;
  }

  private async problemOf({ request }: Write, session: Session, error: unknown): Promise<Problem> {
    if (error instanceof Refusal) return asProblem(error);
    const problem = await this.tools.sessions.problemOf(session, error);
    if (!(problem instanceof Problem)) return new Problem('internal_error', 'Something went wrong here');
    const fields = error instanceof VendorError ? (error.at.fields ?? []) : [];
    if (fields.length === 0) return problem;
    const named = fields.map(({ field, message }) => ({
      ...((field.split('.')[0] as string) in request.draft ? { pointer: pointerOf(field) } : {}),
      code: 'vendor_rejected',
      message,
    }));
    return new Problem(problem.code, problem.message, { ...problem.extras, errors: named });
  }

  /** What the vendor holds where a write of several steps was refused at a later one: it is shown as it is. */
  private async partOf(write: Write, session: Session, trace: Trace): Promise<AnySeen | null> {
    const { ref } = write.request;
    if (trace.applied === 0 || !ref) return null;
    return (
      (await portOf(write, session)
        .get?.(ref)
        .catch(() => null)) ?? null
    );
  }
}

/** Sends the write by the port's operation; the matrix has promised it. */
function perform(port: AnyPort, write: Write, marks: Map<string, string>): Promise<AnySeen | null> {
  const { op, request } = write;
  const { draft, why } = request;
  const call = callOf(write, marks);
  const ref = request.ref ?? { id: '', scope: '' };
  const done = {
    create: () => port.create?.(draft, call),
    update: () => port.update?.(ref, draft, call),
    delete: () => port.delete?.(ref, call),
    cancel: () => port.cancel?.(ref, why, call),
  }[op]();
  if (!done) throw new Refusal('capability_not_supported', '', `cannot ${op} here`);
  return done;
}

const asProblem = ({ code, field, message }: Refusal): Problem =>
  new Problem(code, field === '' ? message : `${field}: ${message}`, {
    ...(field === '' ? {} : { errors: [{ pointer: pointerOf(field), code, message }] }),
  });

const kindOf = (error: unknown): string =>
  error instanceof VendorError ? error.kind : error instanceof Error ? error.name : 'unknown';

/** Whether the vendor refused the write: by its status, or in the words of an answer that says success (`{"success": false}`). */
function isRefusal(error: unknown, { sent, applied }: Trace): boolean {
  if (!(error instanceof VendorError) || error.at.outcome !== 'not_done') return false;
  const { status } = error.at;
  return sent > applied || error.kind === 'rejected' || (status !== null && status < 300);
}
