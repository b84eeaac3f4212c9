import { InvalidRecord } from '../canonical/values';
import type { Query } from '../platform/database/database';
import { currentContext } from '../platform/context';
import type { Metrics } from '../platform/metrics';
import { Problem } from '../platform/http/problems';
import type { HostAllowlist } from '../platform/outgoing';
import type { Ports, Vendor } from '../vendors/contract';
import { tokensInMemory, type TokenStore } from '../vendors/kit/auth';
import { Circuit } from '../vendors/kit/circuit';
import { VendorClock } from '../vendors/kit/clock';
import type { CommonSettings } from '../vendors/kit/config';
import { VendorError } from '../vendors/kit/error';
import { vendorHttp } from '../vendors/kit/http';
import type { CallReport, ForwardingHttp, HttpEnvironment } from '../vendors/kit/policy';
import { VENDORS } from '../vendors/registry';
import { configured } from './configuration';
import type { CallGuard } from './call-guard';
import type { Connection } from './connection.entity';
import type { ConnectionEvents } from './connection-events';
import type { ConnectionsService } from './connections.service';
import type { SharedGate } from './shared-gate';
import { ShortMemory } from './short-memory';
import type { TokensRepository } from './tokens.repository';
import type { Priority } from './turn';
import { vendorProblem } from './vendor-problem';
import type { Vault } from './vault';

/** A connection that is open: the vendor's operations as this tenant may use them. */
export interface Session {
  readonly connection: Connection;
  readonly vendor: Vendor;
  readonly settings: CommonSettings;
  readonly http: ForwardingHttp;
  readonly ports: Ports;
  /** What the answers of this session showed of the vendor's clock. */
  readonly clock: VendorClock;
}
export interface CheckResult {
  readonly ok: boolean;
  readonly vendor: { readonly status: number | null };
  readonly latencyMs: number;
  readonly account: string | null;
  readonly problem?: { readonly code: string; readonly message: string };
}

/** How a session calls its vendor. */
interface Manner {
  readonly patienceMs: number;
  readonly tokens: TokenStore;
  readonly circuit: Circuit;
  readonly wrote?: HttpEnvironment['wrote'];
}

/** How long a call waits for a vendor that says "later". A sync that would wait longer is put off, and others get its place. */
export const PATIENCE = { request: 2_000, sync: 30_000 } as const;

/** Whoever has the patience of a sync does not stand in a caller's way. */
const priorityOf = (patienceMs: number): Priority => (patienceMs < PATIENCE.sync ? 'user' : 'background');

const REMEMBERED_MS = 60_000;
const MOST_REMEMBERED = 200;

/** What sessions are made with. */
export interface SessionTools {
  readonly vault: Vault;
  readonly tokens: TokensRepository;
  readonly gate: SharedGate;
  readonly guard: CallGuard;
  readonly metrics: Metrics;
  readonly events: ConnectionEvents;
  readonly allowed: HostAllowlist;
}

/** Opens connections. The one place where credentials are unsealed. */
export class SessionsService {
  /** Of those that are in use now, and no longer than they are. */
  private readonly configurations = new ShortMemory<ReturnType<typeof configured>>(
    MOST_REMEMBERED,
    REMEMBERED_MS,
  );

  constructor(
    private readonly connections: ConnectionsService,
    private readonly tools: SessionTools,
  ) {}

  /** Opens a connection; connection_disabled where its owner switched it off. `wrote` hears of each request that writes. */
  async open(
    tenantId: string,
    id: string,
    patienceMs: number,
    wrote?: HttpEnvironment['wrote'],
  ): Promise<Session> {
    return this.openFound(await this.connections.find(tenantId, id), patienceMs, wrote);
  }

  /** The connection that a record is of, read with other statements; null where the tenant has no such record. */
  connectionOf(query: Query, tenantId: string, recordId: string): Promise<Connection | null> {
    return this.connections.findOf(query, tenantId, recordId);
  }

  /** The same where the connection's row was read already. */
  async openFound(
    connection: Connection,
    patienceMs: number,
    wrote?: HttpEnvironment['wrote'],
  ): Promise<Session> {
    if (connection.disabled)
      throw new Problem('connection_disabled', 'The connection is switched off; enable it first');
    return this.session(connection, {
      patienceMs,
      tokens: this.tools.tokens.storeFor(connection),
      circuit: this.tools.guard.circuitOf(connection),
      wrote,
    });
  }

  /** Calls the vendor with the stored credentials, past the memory of earlier refusals and failures. A refusal is an answer, not an error. */
  async check(tenantId: string, id: string): Promise<CheckResult> {
    const connection = await this.connections.find(tenantId, id);
    const session = await this.session(connection, {
      patienceMs: PATIENCE.request,
      tokens: tokensInMemory(),
      circuit: new Circuit(),
    });
    const { http, vendor, settings } = session;
    const started = performance.now();
    const latencyMs = (): number => Math.round(performance.now() - started);
    try {
      const { account } = await vendor.check(http, settings);
      return { ok: true, vendor: { status: 200 }, latencyMs: latencyMs(), account };
    } catch (error) {
      if (!(error instanceof VendorError)) throw error;
      const { code, message } = await this.failed(session, error);
      return {
        ok: false,
        vendor: { status: error.at.status },
        latencyMs: latencyMs(),
        account: null,
        problem: { code, message },
      };
    }
  }

  /** Whatever ended a call, as the caller's problem. */
  async problemOf(session: Session, error: unknown, staleAvailable?: boolean): Promise<unknown> {
    if (error instanceof InvalidRecord) return unreadable(session.vendor, error, staleAvailable);
    return error instanceof VendorError ? await this.failed(session, error, staleAvailable) : error;
  }

  /** A call's failure as the caller's problem; a refusal of the credentials turns the connection failing. */
  private async failed(
    { connection, vendor }: Session,
    error: VendorError,
    staleAvailable?: boolean,
  ): Promise<Problem> {
    if (error.kind === 'auth')
      await this.connections.noteRefusal(connection.tenantId, connection.id, error.message);
    return vendorProblem(error, vendor.name, staleAvailable);
  }

  private async session(
    connection: Connection,
    { patienceMs, tokens, circuit, wrote }: Manner,
  ): Promise<Session> {
    const vendor = VENDORS.get(connection.vendor);
    if (!vendor)
      throw new Problem('unavailable', `This gateway no longer knows the vendor ${connection.vendor}`);
    const { credentials, settings } = await this.configuration(connection, vendor);
    const clock = new VendorClock();
    const http = vendorHttp(vendor.http({ credentials, settings }), {
      tokens,
      gate: this.tools.gate.for({ priority: priorityOf(patienceMs), patienceMs }),
      circuit,
      agents: this.tools.guard.agents,
      times: this.tools.guard.times,
      patienceMs,
      clock,
      traceparent: () => currentContext()?.traceparent,
      report: (call) => {
        this.report(vendor.name, call);
      },
      wrote: (phase) => {
        wrote?.(phase);
        if (phase === 'applied') void this.tools.events.wrote(connection).catch(() => undefined);
      },
    });
    return { connection, vendor, settings, http, ports: vendor.ports(http, settings), clock };
  }

  /** The credentials and settings in the vendor's classes: they are checked once a minute, and not for each call. */
  private async configuration(
    connection: Connection,
    vendor: Vendor,
  ): Promise<ReturnType<typeof configured>> {
    const { tenantId, id, settings } = connection;
    const name = `${tenantId} ${id} ${connection.credentials} ${JSON.stringify(settings)}`;
    let known = this.configurations.get(name);
    if (!known) {
      const credentials = await this.unsealed(connection);
      known = configured(vendor, { credentials, settings }, this.tools.allowed);
      this.configurations.set(name, known);
    }
    return known;
  }

  /** The credentials; where nobody can open them any more, the connection itself says so. */
  private async unsealed(connection: Connection): Promise<Record<string, unknown>> {
    try {
      return this.tools.vault.credentialsOf(connection);
    } catch (error) {
      if (error instanceof Problem)
        await this.connections.noteRefusal(connection.tenantId, connection.id, error.message, error.code);
      throw error;
    }
  }

  private report(vendor: string, { operation, status, durationMs }: CallReport): void {
    this.tools.metrics.vendorCalls.observe(
      { vendor, operation, status: status ?? 'none' },
      durationMs / 1000,
    );
    const context = currentContext();
    if (!context) return;
    context.spent.vendor.add(durationMs);
    context.spent.vendorCalls += 1;
  }
}

function unreadable(
  { name }: Vendor,
  { message }: InvalidRecord,
  staleAvailable: boolean | undefined,
): Problem {
  return new Problem('vendor_invalid_response', `The vendor's record cannot be read: ${message}`, {
    vendor: { name, status: null, code: null, message },
    ...(staleAvailable === undefined ? {} : { staleAvailable }),
  });
}
