import { setTimeout as pause } from 'node:timers/promises';
import type { IdentityService } from '../identity/identity.service';
import type { MirrorWriterService } from '../mirror/mirror-writer.service';
import type { RecordsService } from '../mirror/records.service';
import { TRANSACTION_TIME, type Database } from '../platform/database/database';
import { notFound, Problem } from '../platform/http/problems';
import { conflictOf, Halt, type BeginningsService, type Ready } from './beginnings.service';
import type { BegunService } from './begun.service';
import type { KeysRepository } from './keys.repository';
import { externalIdTaken, underWay } from './refusals';
import { answerOfKey, type SettlementService } from './settlement.service';
import type { Answer, Asker, Key, Wish, Write } from './write';

export interface WritesTools {
  readonly database: Database;
  readonly beginnings: BeginningsService;
  readonly begun: BegunService;
  readonly settlement: SettlementService;
  readonly keys: KeysRepository;
  readonly records: RecordsService;
  readonly identity: IdentityService;
  readonly writer: MirrorWriterService;
}

const TURN_MS = 15_000;
const PAUSE_MS = 40;

/** Writes to vendors as callers ask for them: each refused before anything is touched, or done once. */
export class WritesService {
  constructor(private readonly tools: WritesTools) {}

  /** Does what a caller wishes, once for each key, and answers with what the vendor then holds. */
  async execute(asker: Asker, wish: Wish, key: Key | null): Promise<Answer> {
    try {
      return await this.inTurn(asker, wish, key);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return this.tools.settlement.refusedAtOnce(asker, error, key);
    }
  }

  /** Waits until no other write of the record is under way, then begins and carries out. */
  private async inTurn(asker: Asker, wish: Wish, key: Key | null): Promise<Answer> {
    const deadline = Date.now() + TURN_MS;
    for (;;) {
      const ready = await this.tools.beginnings.ready(asker, wish, key);
      if ('kind' in ready) return answerOfKey(asker, ready);
      if (isLocal(ready)) return this.keepExternalId(ready, key);
      const begun = await this.tools.beginnings.begin(ready, key);
      if (begun instanceof Halt) {
        if (typeof begun.why !== 'string') return answerOfKey(asker, begun.why);
        if (Date.now() > deadline) throw underWay();
        if (begun.why === 'busy') await pause(PAUSE_MS);
      } else return this.carryOut(begun, ready);
    }
  }

  private async carryOut(write: Write, { session, trace }: Ready): Promise<Answer> {
    try {
      return await this.tools.begun.carryOut(write, session, trace);
    } finally {
      this.tools.beginnings.ended(write);
    }
  }

  /** A change of the caller's own id alone is no matter of the vendor's; of nothing at all neither. */
  private async keepExternalId({ asker, wish, current }: Ready, key: Key | null): Promise<Answer> {
    const { database, writer, records, identity, keys } = this.tools;
    const { tenantId } = asker;
    const { resource, externalId } = wish;
    const id = wish.id ?? '';
    const subject = { tenantId, resource };
    try {
      return await database.inTenant(tenantId, async (query) => {
        if (key) await this.tools.beginnings.takeKey(query, asker, key);
        if (externalId !== undefined) {
          const owner = { tenantId, connectionId: String(current?.record['connectionId']), vendor: '' };
          identity.reserve(query, owner, { resource, id, externalId });
          if (externalId !== null && (await records.hasExternalId(query, subject, externalId, id)))
            throw externalIdTaken();
          writer.setExternalId(query, tenantId, {
            resource,
            id,
            externalId,
            at: TRANSACTION_TIME,
          });
          identity.release(query, tenantId, id);
        }
        const record = await records.rendered(query, subject, id);
        if (!record) throw notFound();
        const headers = {
          etag: `"${String(record.version)}"`,
          'content-type': 'application/json; charset=utf-8',
        };
        const answer = { status: 200, body: record.json, headers };
        if (key) keys.answer(query, tenantId, key, answer);
        return answer;
      });
    } catch (error) {
      if (error instanceof Halt && typeof error.why !== 'string') return answerOfKey(asker, error.why);
      throw conflictOf(error);
    }
  }
}

const isLocal = ({ prepared: { op, request } }: Ready): boolean =>
  op === 'update' && Object.keys(request.draft).length === 0;
