import type { Database } from '../platform/database/database';
import { Problem, PROBLEMS } from '../platform/http/problems';
import type { Caller } from '../platform/scopes';
import type { AuditEntry } from '../tenants/audit-entry';
import type { AuditService } from '../tenants/audit.service';
import { VendorError } from '../vendors/kit/error';
import { withoutFields } from '../vendors/kit/json';
import { isRead, type ForwardedAnswer, type ForwardedRequest } from '../vendors/kit/policy';
import { namesIn, pathWithoutNames } from './passthrough-path';
import { forwarded, type Passthrough } from './passthrough-request';
import { PATIENCE, type Session, type SessionsService } from './sessions.service';

/** The vendor's own API, for what the canonical model does not cover. */
export class PassthroughService {
  constructor(
    private readonly sessions: SessionsService,
    private readonly audit: AuditService,
    private readonly database: Database,
  ) {}

  /** Hands a request on with the connection's credentials, and back what the vendor answers, whatever it is. */
  async call(caller: Caller, connectionId: string, asked: Passthrough): Promise<ForwardedAnswer> {
    const session = await this.sessions.open(caller.tenantId, connectionId, PATIENCE.request);
    const request = forwarded(asked, session.http);
    const answer = await session.http.forward(request).catch(async (error: unknown) => {
      const problem = await this.problemOf(session, request, error);
      if (problem instanceof Problem) await this.record(caller, session, request, problem);
      throw problem;
    });
    await this.record(caller, session, request, answer);
    return { ...answer, body: withoutFields(answer.body, new Set(session.vendor.secretFields)) };
  }

  /** A write that may have been applied is an unknown outcome, whatever broke it. */
  private async problemOf(session: Session, request: ForwardedRequest, error: unknown): Promise<unknown> {
    if (!(error instanceof VendorError)) return error;
    if (isRead(request) || error.at.outcome === 'not_done') return this.sessions.problemOf(session, error);
    const { status, code } = error.at;
    return new Problem('vendor_timeout', `${error.message}: nobody knows whether it was applied`, {
      vendor: { name: session.vendor.name, status, code, message: error.message },
      outcome: 'unknown',
    });
  }

  /** What went out is recorded before the caller hears of it; where the database fails just then, as soon as it is back. */
  private async record(
    { tenantId, apiKeyId }: Caller,
    { connection }: Session,
    { method, path }: ForwardedRequest,
    ended: ForwardedAnswer | Problem,
  ): Promise<void> {
    const entry: AuditEntry = {
      tenantId,
      actor: { kind: 'api_key', id: apiKeyId },
      action: 'connection.passthrough',
      resource: 'connections',
      resourceIds: [connection.id],
      connectionId: connection.id,
      ...endOf(ended),
      detail: {
        method,
        path: pathWithoutNames(path),
        vendorStatus: ended instanceof Problem ? null : ended.status,
      },
    };
    await this.database
      .inTenant(tenantId, (query) => this.audit.recordNamed(query, entry, namesIn(path)))
      .catch(() => {
        this.audit.later(entry);
      });
  }
}

function endOf(ended: ForwardedAnswer | Problem): Pick<AuditEntry, 'outcome' | 'status'> {
  if (ended instanceof Problem)
    return { outcome: ended.extras.outcome ?? 'refused', status: PROBLEMS[ended.code].status };
  return { outcome: ended.status < 400 ? 'done' : 'refused', status: 200 };
}
