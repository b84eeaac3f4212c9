import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { Keyring } from '../platform/crypto';
import type { Database } from '../platform/database/database';
import { openDatabase } from '../platform/database/open';
import { newId } from '../platform/ids';
import type { IssuedToken, TokenStore } from '../vendors/kit/auth';
import { VendorError } from '../vendors/kit/error';
import { freshDatabase, type FreshDatabase } from '../../test/support/database';
import { TokensRepository } from './tokens.repository';
import { Vault } from './vault';

const HOUR_MS = 3_600_000;
const owner = { tenantId: newId(), id: newId() };
const vault = new Vault(new Keyring(`one:${randomBytes(32).toString('base64')}`));

let fresh: FreshDatabase;
let database: Database;
/** As two processes see them. */
let here: TokensRepository;
let there: TokensRepository;

beforeAll(async () => {
  fresh = await freshDatabase();
  const admin = new Client({ connectionString: fresh.adminUrl });
  await admin.connect();
  await admin.query("insert into tenants (id, name, slug) values ($1, 'Northside', 'northside')", [
    owner.tenantId,
  ]);
  await admin.query(
    `insert into connections (tenant_id, id, vendor, name, settings, credentials, credentials_updated_at)
     values ($1, $2, 'penga', 'Northside', '{}', '', now())`,
    [owner.tenantId, owner.id],
  );
  await admin.end();
  database = await openDatabase(fresh.url);
});
afterAll(async () => {
  await database.onApplicationShutdown();
  await fresh.drop();
});
beforeEach(async () => {
  [here, there] = [new TokensRepository(database, vault), new TokensRepository(database, vault)];
  await change();
});

let changedAt = new Date(0);
/** Where a session that is opened now finds its token. */
const storeOf = (tokens: TokensRepository, credentials: string): TokenStore =>
  tokens.storeFor({ ...owner, credentials, credentialsUpdatedAt: changedAt.toISOString(), settings: {} });
/** Other credentials, as the connection's change brings them. */
const change = (): Promise<void> =>
  database.entities(owner.tenantId, async (manager) => {
    changedAt = new Date(changedAt.getTime() + HOUR_MS);
    await manager.query('update connections set credentials_updated_at = $1', [changedAt]);
    await here.forget(manager, owner);
  });
const issued = (token: string): IssuedToken => ({
  token,
  issuedAt: new Date().toISOString(),
  expiresAt: new Date(Date.now() + HOUR_MS).toISOString(),
});
const refusal = (): VendorError =>
  new VendorError('auth', 'wrong password', {
    operation: 'log in',
    status: 401,
    code: null,
    retryAfterMs: null,
    outcome: 'not_done',
  });

/** A log-in that ends when it is told to. */
function slowLogin() {
  let [grant, refuse]: [(token: IssuedToken) => void, (error: Error) => void] = [
    () => undefined,
    () => undefined,
  ];
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((done) => (begin = done));
  const login = (): Promise<IssuedToken> => {
    begin();
    return new Promise((resolve, reject) => {
      [grant, refuse] = [resolve, reject];
    });
  };
  return {
    login,
    begun,
    grant: (token: IssuedToken) => {
      grant(token);
    },
    refuse: () => {
      refuse(refusal());
    },
  };
}

/** A log-in with the old credentials that is still under way when they are changed. */
async function underWay() {
  const slow = slowLogin();
  const old = storeOf(here, 'old').renew(null, slow.login);
  // Who looks at it later hears of its failure even so.
  old.catch(() => undefined);
  await slow.begun;
  await change();
  return { slow, old };
}

describe('a log-in that ends after the credentials were changed', () => {
  it('is not what becomes of the new ones: refused late', async () => {
    const { slow, old } = await underWay();
    await storeOf(there, 'new').renew(null, () => Promise.resolve(issued('new')));
    slow.refuse();
    await expect(old).rejects.toBeInstanceOf(VendorError);
    expect(await storeOf(here, 'new').current()).toMatchObject({ token: 'new' });
  });

  it('is not what becomes of the new ones: granted late', async () => {
    const { slow, old } = await underWay();
    await storeOf(there, 'new').renew(null, () => Promise.resolve(issued('new')));
    slow.grant(issued('old'));
    await old;
    expect(await storeOf(here, 'new').current()).toMatchObject({ token: 'new' });
  });

  it('is not waited for by who has the new ones, in the same process', async () => {
    const { slow, old } = await underWay();
    const renewed = storeOf(here, 'new').renew(null, () => Promise.resolve(issued('new')));
    setTimeout(() => {
      slow.grant(issued('old'));
    }, 500);
    expect(await renewed).toMatchObject({ token: 'new' });
    expect(await old).toMatchObject({ token: 'old' });
  });
});

describe('a session that outlives its credentials', () => {
  it('gets no token of the new ones, and does not log in again', async () => {
    const old = storeOf(here, 'old');
    await old.renew(null, () => Promise.resolve(issued('old')));
    await change();
    let logins = 0;
    const login = (): Promise<IssuedToken> => {
      logins += 1;
      return Promise.reject(refusal());
    };
    await expect(old.renew(issued('old'), login)).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(old.current()).rejects.toMatchObject({ kind: 'unavailable' });
    expect(logins).toBe(0);
    expect(await storeOf(there, 'new').current()).toBeNull();
  });
});

it('of many in the same process one logs in', async () => {
  let logins = 0;
  const login = (): Promise<IssuedToken> => Promise.resolve(issued(`token ${String((logins += 1))}`));
  const tokens = await Promise.all(
    Array.from({ length: 20 }, () => storeOf(here, 'same').renew(null, login)),
  );
  expect(new Set(tokens.map(({ token }) => token)).size).toBe(1);
  expect(logins).toBe(1);
});
