import { CannotOpen } from '../platform/crypto';
import type { Database } from '../platform/database/database';
import type { IssuedToken, TokenStore } from '../vendors/kit/auth';
import { VendorError } from '../vendors/kit/error';
import type { Vault } from './vault';

interface Owner {
  readonly tenantId: string;
  readonly id: string;
}
interface Row {
  readonly token: string | null;
  readonly refused: boolean;
}

/**
 * Vendors' tokens, sealed and shared by all processes. The row's lock lets one log in while the others wait for what it
 * gets. Credentials that a vendor refused are not tried again until they change: an account must not be locked out by us.
 */
export class TokensRepository {
  private readonly renewing = new Map<string, Promise<IssuedToken>>();

  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
  ) {}

  storeFor(owner: Owner): TokenStore {
    return {
      current: () => this.current(owner),
      renew: (stale, login) => {
        let renewal = this.renewing.get(owner.id);
        if (!renewal) {
          renewal = this.renew(owner, stale, login).finally(() => this.renewing.delete(owner.id));
          this.renewing.set(owner.id, renewal);
        }
        return renewal;
      },
      refuse: (token) => this.refuse(owner, token),
    };
  }

  /** Forgets the token and the refusal: the credentials are new. */
  async forget({ tenantId, id }: Owner): Promise<void> {
    await this.database.inTenant(tenantId, (query) =>
      query({
        text: 'delete from connection_tokens where tenant_id = $1 and connection_id = $2',
        values: [tenantId, id],
      }),
    );
  }

  private async current(owner: Owner): Promise<IssuedToken | null> {
    const [row] = await this.database.inTenant(owner.tenantId, (query) =>
      query<Row>({
        name: 'connection_token',
        text: 'select token, refused from connection_tokens where tenant_id = $1 and connection_id = $2',
        values: [owner.tenantId, owner.id],
      }),
    );
    return row ? this.opened(owner, row) : null;
  }

  private async renew(
    owner: Owner,
    stale: IssuedToken | null,
    login: () => Promise<IssuedToken>,
  ): Promise<IssuedToken> {
    const key = [owner.tenantId, owner.id];
    const outcome = await this.database.inTenant(owner.tenantId, async (query) => {
      await query({
        text: 'insert into connection_tokens (tenant_id, connection_id) values ($1, $2) on conflict do nothing',
        values: key,
      });
      const [row] = await query<Row>({
        text: 'select token, refused from connection_tokens where tenant_id = $1 and connection_id = $2 for update',
        values: key,
      });
      const held = row ? this.opened(owner, row) : null;
      if (held !== null && held.token !== stale?.token) return held;
      const issued = await login().catch((error: unknown) => error);
      const refused = issued instanceof VendorError && issued.kind === 'auth';
      const isToken = !(issued instanceof Error);
      if (isToken || refused)
        await query({
          text: `update connection_tokens set token = $3, refused = $4, generation = generation + 1
                 where tenant_id = $1 and connection_id = $2`,
          values: [...key, isToken ? this.vault.seal(owner, 'token', issued) : null, refused],
        });
      return issued;
    });
    if (outcome instanceof Error) throw outcome;
    return outcome as IssuedToken;
  }

  /** The vendor refuses what it has just given. Where somebody has logged in meanwhile, that token may be better. */
  private async refuse(owner: Owner, { token }: IssuedToken): Promise<void> {
    const key = [owner.tenantId, owner.id];
    await this.database.inTenant(owner.tenantId, async (query) => {
      const [row] = await query<Row>({
        text: 'select token, refused from connection_tokens where tenant_id = $1 and connection_id = $2 for update',
        values: key,
      });
      if (!row || row.refused || this.opened(owner, row)?.token !== token) return;
      await query({
        text: 'update connection_tokens set token = null, refused = true where tenant_id = $1 and connection_id = $2',
        values: key,
      });
    });
  }

  private opened(owner: Owner, { token, refused }: Row): IssuedToken | null {
    if (refused) {
      const at = {
        operation: 'log in',
        status: null,
        code: null,
        retryAfterMs: null,
        outcome: 'not_done',
      } as const;
      throw new VendorError(
        'auth',
        'The vendor refused these credentials; they are not tried again until they change',
        at,
      );
    }
    if (token === null) return null;
    try {
      return this.vault.open(owner, 'token', token) as IssuedToken;
    } catch (error) {
      // The key that sealed it is gone: whoever has the credentials gets another.
      if (error instanceof CannotOpen) return null;
      throw error;
    }
  }
}
