import { setTimeout as pause } from 'node:timers/promises';
import { CannotOpen } from '../platform/crypto';
import type { Database, Entities } from '../platform/database/database';
import type { IssuedToken, TokenStore } from '../vendors/kit/auth';
import { notAsked, VendorError } from '../vendors/kit/error';
import { ShortMemory } from './short-memory';
import type { Vault } from './vault';

interface Owner {
  readonly tenantId: string;
  readonly id: string;
}
/** A connection as far as its token hangs on it. */
interface Account extends Owner {
  readonly credentials: string;
  readonly credentialsUpdatedAt: string;
  readonly settings: object;
}
interface Row {
  readonly token: string | null;
  readonly refused: boolean | null;
}

/** Who may log in: this process, under a fencing number, or another that is at it; or there is a token already. */
type Turn =
  | { readonly kind: 'held'; readonly token: IssuedToken }
  | { readonly kind: 'mine'; readonly generation: number }
  | { readonly kind: 'taken' };

const LEASE_SECONDS = 6;
const BEAT_MS = 2_000;
const POLL_MS = 50;
const REMEMBERED_MS = 5_000;
const MOST_REMEMBERED = 500;

/** Whether the connection still has the credentials and settings that a session was opened with. Sealing them anew is no change. */
const IS_SAME = 'c.credentials_updated_at = $3 and c.settings = $4::jsonb as same';
const changedMeanwhile = (): VendorError =>
  new VendorError(
    'unavailable',
    'The connection was changed meanwhile; nothing was sent',
    notAsked('log in'),
  );

/**
 * Vendors' tokens, sealed and shared by all processes. A lease lets one log in while the others wait for what it gets; no
 * transaction stands open meanwhile, since a vendor that does not answer must not use up the database's connections. Credentials that a vendor refused are not tried again until they change: an account must not be locked out by us.
 */
export class TokensRepository {
  private readonly renewing = new Map<string, Promise<IssuedToken>>();
  /** Good for these credentials and settings alone. One that another process has replaced is refused, and then looked up. */
  private readonly remembered = new ShortMemory<IssuedToken>(MOST_REMEMBERED, REMEMBERED_MS);

  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
  ) {}

  storeFor(account: Account): TokenStore {
    const owner = { tenantId: account.tenantId, id: account.id };
    const name = `${account.tenantId} ${account.id} ${account.credentials} ${JSON.stringify(account.settings)}`;
    const kept = (token: IssuedToken): IssuedToken => {
      this.remembered.set(name, token);
      return token;
    };
    return {
      current: async () => {
        const remembered = this.remembered.get(name);
        if (remembered) return remembered;
        const held = await this.current(account);
        return held && kept(held);
      },
      renew: (stale, login) => {
        this.remembered.delete(name);
        let renewal = this.renewing.get(name);
        if (!renewal) {
          renewal = this.renew(account, stale, login).finally(() => this.renewing.delete(name));
          this.renewing.set(name, renewal);
        }
        return renewal.then(kept);
      },
      refuse: (token) => {
        this.remembered.delete(name);
        return this.refuse(owner, token);
      },
    };
  }

  /** Forgets the token and the refusal: the credentials are new. The number grows on, so that a log-in with the old ones ends in vain. */
  async forget(manager: Entities, { tenantId, id }: Owner): Promise<void> {
    await manager.query(
      `update connection_tokens set token = null, refused = false, login_until = null, generation = generation + 1
       where tenant_id = $1 and connection_id = $2`,
      [tenantId, id],
    );
  }

  private async current(account: Account): Promise<IssuedToken | null> {
    const [row] = await this.database.read<Row & { same: boolean }>(account.tenantId, {
      name: 'connection_token',
      text: `select t.token, t.refused, ${IS_SAME} from connections c
             left join connection_tokens t on t.tenant_id = c.tenant_id and t.connection_id = c.id
             where c.tenant_id = $1 and c.id = $2`,
      values: placeOf(account),
    });
    if (row?.same === false) throw changedMeanwhile();
    return row ? this.opened(account, row) : null;
  }

  private async renew(
    account: Account,
    stale: IssuedToken | null,
    login: () => Promise<IssuedToken>,
  ): Promise<IssuedToken> {
    for (;;) {
      const turn = await this.turn(account, stale);
      if (turn.kind === 'held') return turn.token;
      if (turn.kind === 'mine') return this.logIn(account, turn.generation, login);
      await pause(POLL_MS);
    }
  }

  private turn(account: Account, stale: IssuedToken | null): Promise<Turn> {
    const key = [account.tenantId, account.id];
    return this.database.inTenant(account.tenantId, async (query): Promise<Turn> => {
      await query({
        text: 'insert into connection_tokens (tenant_id, connection_id) values ($1, $2) on conflict do nothing',
        values: key,
      });
      query.later({
        text: 'select 1 from connection_tokens where tenant_id = $1 and connection_id = $2 for update',
        values: key,
      });
      // Looked at once nobody else can change it. A session may outlive what it was opened with: what it is refused, or
      // given, is not the new credentials' matter.
      const [row] = await query<Row & { taken: boolean | null; same: boolean }>({
        text: `select t.token, t.refused, t.login_until > clock_timestamp() as taken, ${IS_SAME}
               from connection_tokens t join connections c on c.tenant_id = t.tenant_id and c.id = t.connection_id
               where t.tenant_id = $1 and t.connection_id = $2`,
        values: placeOf(account),
      });
      if (row?.same === false) throw changedMeanwhile();
      const token = row ? this.opened(account, row) : null;
      if (token !== null && token.token !== stale?.token) return { kind: 'held', token };
      if (row?.taken) return { kind: 'taken' };
      const [mine] = await query<{ generation: number }>({
        text: `update connection_tokens set login_until = clock_timestamp() + make_interval(secs => $3), generation = generation + 1
               where tenant_id = $1 and connection_id = $2 returning generation`,
        values: [...key, LEASE_SECONDS],
      });
      return mine ? { kind: 'mine', generation: mine.generation } : { kind: 'taken' };
    });
  }

  /** Logs in while the lease is kept up. What comes of it is stored unless the lease was lost, or the credentials are new. */
  private async logIn(
    owner: Owner,
    generation: number,
    login: () => Promise<IssuedToken>,
  ): Promise<IssuedToken> {
    const set = (what: string, ...values: unknown[]): Promise<unknown> =>
      this.database.inTenant(owner.tenantId, (query) =>
        query({
          text: `update connection_tokens set ${what} where tenant_id = $1 and connection_id = $2 and generation = $3`,
          values: [owner.tenantId, owner.id, generation, ...values],
        }),
      );
    const keepUp = (): void => {
      set('login_until = clock_timestamp() + make_interval(secs => $4)', LEASE_SECONDS).catch(
        () => undefined,
      );
    };
    const beat = setInterval(keepUp, BEAT_MS);
    try {
      const issued = await login();
      await set('login_until = null, token = $4, refused = false', this.vault.seal(owner, 'token', issued));
      return issued;
    } catch (error) {
      const isRefused = error instanceof VendorError && error.kind === 'auth';
      await set(isRefused ? 'login_until = null, token = null, refused = true' : 'login_until = null');
      throw error;
    } finally {
      clearInterval(beat);
    }
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
    if (refused)
      throw new VendorError(
        'auth',
        'The vendor refused these credentials; they are not tried again until they change',
        notAsked('log in'),
      );
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

const placeOf = ({ tenantId, id, credentialsUpdatedAt, settings }: Account): unknown[] => [
  tenantId,
  id,
  credentialsUpdatedAt,
  JSON.stringify(settings),
];
