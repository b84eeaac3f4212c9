import { setTimeout as pause } from 'node:timers/promises';
import { erasingTurn, nameHash } from '../mirror/erased-names';
import { CannotOpen, type Keyring } from '../platform/crypto';
import type { Database, Query } from '../platform/database/database';
import { SEALED_TEXT } from '../platform/database/sealed-column';
import { notFound, Problem } from '../platform/http/problems';
import type { AuditService } from '../tenants/audit.service';
import { underWay } from '../writes/refusals';
import { placeOfAnswer } from '../writes/sealed-answers';
import { problemAnswer } from '../writes/settlement.service';
import type { Answer, Asker } from '../writes/write';
import {
  forget,
  heldClient,
  leaveAppointments,
  leaveEvents,
  rememberErased,
  type HeldClient,
} from './erased-records.repository';
import {
  endWrites,
  replaceAnswers,
  suspectAnswers,
  unsayAudit,
  unsayConnection,
  unsaySyncs,
  type KeptAnswer,
  type SaidError,
} from './traces.repository';
import { tellsOf, traitsOf, type Traits } from './traits';

const PATIENCE_MS = 15_000;
const PAUSE_MS = 200;
const SEALED = new RegExp(SEALED_TEXT);

/** A write of the client's is being carried out: his erasure waits for its end. */
class Busy extends Error {}

/**
 * Erases what the gateway holds of a person, everywhere, in one transaction. The vendor is not asked: what it holds it goes
 * on holding, and the gateway takes nothing of it over again.
 */
export class ErasureService {
  constructor(
    private readonly database: Database,
    private readonly keyring: Keyring,
    private readonly audit: AuditService,
  ) {}

  /** Erases a client; `check` sees the version that stands. Writes under way are waited for. */
  async client(asker: Asker, id: string, check: (version: number) => void): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        await this.database.inTenant(asker.tenantId, (query) => this.erase(query, asker, id, check));
        return;
      } catch (error) {
        if (!(error instanceof Busy)) throw error;
        if (Date.now() > deadline) throw underWay();
        await pause(PAUSE_MS);
      }
    }
  }

  private async erase(
    query: Query,
    asker: Asker,
    id: string,
    check: (version: number) => void,
  ): Promise<void> {
    const { tenantId } = asker;
    await query(erasingTurn(tenantId));
    const client = await heldClient(query, tenantId, id);
    if (!client) throw notFound();
    check(client.version);
    const erased = problemAnswer(
      new Problem('not_found', 'What this key stands for told of a client whose data was erased'),
      asker,
    );
    if (!(await endWrites(query, tenantId, id, erased))) throw new Busy();
    await rememberErased(query, client, namesOf(client));
    const appointments = await leaveAppointments(query, client);
    await leaveEvents(query, client);
    const traits = traitsIn(client, appointments);
    await this.unsay(query, client, traits, erased);
    await forget(query, client);
    await this.audit.record(query, {
      tenantId,
      actor: { kind: 'api_key', id: asker.apiKeyId },
      action: 'client.erased',
      resource: 'clients',
      resourceIds: [id],
      connectionId: client.connectionId,
      outcome: 'done',
      status: 204,
    });
  }

  /** What else was said of the client: answers under keys, errors, warnings. */
  private async unsay(query: Query, client: HeldClient, traits: Traits, erased: Answer): Promise<void> {
    const { tenantId, remoteId } = client;
    const answers = await suspectAnswers(query, tenantId, traits.needles);
    const telling = answers.filter((answer) => this.tells(tenantId, answer, traits));
    await replaceAnswers(query, tenantId, telling, erased);
    const may = {
      error: (error: SaidError) =>
        !(error.resource === 'clients' && error.remoteId === remoteId) && !tellsOf(traits, error.message),
      warning: ({ value }: { value: string | null }) => value === null || !traits.words.has(value),
      message: (message: string) => !tellsOf(traits, message),
    };
    await unsaySyncs(query, client, may);
    await unsayConnection(query, client, may);
    await unsayAudit(query, client, remoteId);
  }

  private tells(tenantId: string, { key, body }: KeptAnswer, traits: Traits): boolean {
    if (!SEALED.test(body)) return true;
    try {
      return tellsOf(traits, this.keyring.open(body, placeOfAnswer(tenantId, key)));
    } catch (error) {
      // Nobody can read it any more: it tells nothing.
      if (error instanceof CannotOpen) return false;
      throw error;
    }
  }
}

/** The client's name at the vendor, and the one by which a record that cannot be read is known. */
const namesOf = (client: HeldClient): Buffer[] => [
  nameHash(client, { id: client.remoteId, scope: client.scope }),
  nameHash(client, { id: client.remoteId }),
];

function traitsIn(client: HeldClient, appointments: readonly string[]): Traits {
  const { id, remoteId, externalId, mark } = client;
  const doc = JSON.parse(client.doc) as object;
  const raw: unknown = client.raw === null ? null : JSON.parse(client.raw);
  const held = [doc, raw, ...appointments.map((json): unknown => JSON.parse(json))];
  return traitsOf({ id, remoteId, doc, more: [externalId, mark] }, held);
}
