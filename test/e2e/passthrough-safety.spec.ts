import type { PengaState } from '../../src/vendors/penga/sandbox/state';
import { SECRETS } from '../../src/vendors/penga/sandbox/account';
import type { State as PexipState } from '../../src/vendors/pexip/sandbox/state';
import { schemaOf } from '../../src/vendors/kit/config-schema';
import type { Fault, Sandbox } from '../../src/vendors/kit/sandbox';
import { CASES } from '../contract/vendors';
import { openPassages, VENDORS, type Passages, type Passed } from '../support/passthrough';
import { formsOf } from '../support/secrets';

let passages: Passages;

beforeAll(async () => {
  passages = await openPassages();
}, 60_000);
afterAll(() => passages.stop());
afterEach(() => {
  passages.heal();
});

describe('a path', () => {
  const TRICKS = [
    '//evil.example/x',
    '/\\evil.example',
    '\\\\evil.example\\x',
    'https://evil.example/x',
    'HTTPS:evil.example',
    'http:/evil.example/x',
    '@evil.example/x',
    '/x@evil.example/',
    '..',
    '/../x',
    'users/../settings',
    'users/./settings',
    'users/..',
    'users/...',
    'users/%2e%2e/settings',
    'users/%2E%2e/settings',
    'users/.%2e/settings',
    'users%2f..%2fsettings',
    'users%2Fsettings',
    'users/%5c..%5csettings',
    'users/%252e%252e/settings',
    'users/..%00',
    'users/%00',
    'users/%09',
    'users/\tsettings',
    'users\n/settings',
    ' users',
    'users ',
    'users/..%20',
    'users/..;/settings',
    'users;x=1',
    'users//settings',
    'users/',
    'users?per_page=1',
    'users%3fper_page=1',
    'users#top',
    'users%23top',
    'users/%75ser',
    'users/%zz',
    'users/%e0%a4',
    'users/%c0%ae%c0%ae/settings',
    'users/％２ｅ',
    'users/%ef%bc%8e%ef%bc%8e/x',
    'users/%e2%80%ae',
    'пользователи',
    'x:80/y',
    '/',
    '',
    `users/${'a'.repeat(3000)}`,
  ];

  it.each(VENDORS)(
    '%s: is refused unless it is its own normal form, and the vendor hears nothing',
    async (name) => {
      const seen = await passages.seenBy(name, async () => {
        for (const path of TRICKS)
          for (const method of ['GET', 'POST']) {
            const { status, problem } = await passages.pass(name, { method, path });
            expect([path, status, problem.code, problem.errors?.[0]?.pointer]).toEqual([
              path,
              400,
              'validation_failed',
              '/path',
            ]);
          }
      });
      expect(seen).toEqual([]);
    },
  );

  it('may hold what is encoded because it must be', async () => {
    const [seen] = await passages.seenBy('penga', () =>
      passages.done('penga', { method: 'GET', path: 'user/byname/J%C3%B6rg%20O%27Neill' }),
    );
    expect(seen).toBe('GET /user/byname/J%C3%B6rg%20O%27Neill');
  });
});

describe('what is handed on', () => {
  it('of headers: five, and no credential, whatever it is called', async () => {
    const refused = [
      ['authorization', 'Basic eDp5'],
      ['Cookie', 'a=b'],
      ['x-api-key', 'k'],
      ['Host', 'evil.example'],
      ['connection', 'close'],
      ['transfer-encoding', 'chunked'],
      ['x-http-method-override', 'DELETE'],
      ['x-forwarded-for', '10.0.0.1'],
      ['accept', 'a\r\nauthorization: b'],
      ['accept', 7],
      ['', 'x'],
    ] as const;
    const seen = await passages.seenBy('cliniko', async () => {
      for (const [header, value] of refused) {
        const { status, problem } = await passages.pass('cliniko', {
          method: 'GET',
          path: 'users',
          headers: { [header]: value },
        });
        expect([header, status, problem.errors?.[0]?.pointer]).toEqual([header, 400, `/headers/${header}`]);
      }
      const twice = { accept: 'a/b', Accept: 'c/d' };
      expect((await passages.pass('cliniko', { method: 'GET', path: 'users', headers: twice })).status).toBe(
        400,
      );
    });
    expect(seen).toEqual([]);
    const strange = { 'Accept-Language': 'nl', 'if-none-match': '"1"', accept: 'text/plain' };
    expect((await passages.done('cliniko', { method: 'GET', path: 'users', headers: strange })).status).toBe(
      406,
    );
  });

  it("of the query: everything but the credentials' parameters", async () => {
    const query = { a: ['1', 'ü &='], b: true, c: 2 };
    const [seen] = await passages.seenBy('cliniko', () =>
      passages.done('cliniko', { method: 'GET', path: 'user', query }),
    );
    expect(seen).toBe('GET /v1/user?a=1&a=%C3%BC%20%26%3D&b=true&c=2');
    const own = ['user_email', 'user_token', 'USER_TOKEN', 'user_token[]', 'user_email[x]', 'user.token'];
    const called = await passages.seenBy('progenda', async () => {
      for (const name of own) {
        const { status, problem } = await passages.pass('progenda', {
          method: 'GET',
          path: 'centers',
          query: { [name]: 'x' },
        });
        expect([name, status, problem.errors?.[0]?.pointer]).toEqual([name, 400, `/query/${name}`]);
        const body = { [name]: 'x', center: {} };
        expect((await passages.pass('progenda', { method: 'POST', path: 'centers', body })).status).toBe(400);
        const form = { 'content-type': 'application/x-www-form-urlencoded' };
        const text = `${encodeURIComponent(name)}=x`;
        expect(
          (await passages.pass('progenda', { method: 'POST', path: 'centers', headers: form, body: text }))
            .status,
        ).toBe(400);
      }
      for (const bad of [{ a: { b: 1 } }, { a: null }, { '': 'x' }, { a: '\ud800' }, { '\ud800': 'a' }])
        expect((await passages.pass('progenda', { method: 'GET', path: 'centers', query: bad })).status).toBe(
          400,
        );
    });
    expect(called).toEqual([]);
  });

  it('of bodies: none for a read, and a text as it is where it is called something else', async () => {
    const read = await passages.pass('penga', { method: 'GET', path: 'notes', body: { a: 1 } });
    expect([read.status, read.problem.errors?.[0]?.pointer]).toEqual([400, '/body']);
    const headers = { 'Content-Type': 'text/plain' };
    await passages.done('penga', { method: 'POST', path: 'notes', headers, body: '{"note": "as it is"}' });
    expect(passages.sandbox('penga').ledger.at(-1)).toMatchObject({ body: { note: 'as it is' } });
  });

  it('unknown members and methods are refused', async () => {
    for (const bad of [{ method: 'TRACE' }, { method: 'get' }, { url: 'x' }, { path: 7 }, { query: [] }])
      expect((await passages.pass('penga', { method: 'GET', path: 'notes', ...bad })).status).toBe(400);
  });
});

describe('what is handed back', () => {
  /** What must not be heard back of this connection: what the schema calls secret, and the tokens that it was given. */
  const secretsOf = (name: string): string[] => {
    const { credentials, state } = passages.sandbox(name) as Sandbox & { state: Partial<PexipState> };
    const { vendor } = CASES.find((one) => one.name === name)!;
    const { properties } = schemaOf(vendor.credentials) as {
      properties: Record<string, { writeOnly?: boolean }>;
    };
    const secret = Object.entries(credentials).filter(([field]) => properties[field]?.writeOnly);
    return [...secret.map(([, value]) => String(value)), ...(name === 'pexip' ? state.tokens!.keys() : [])];
  };
  const everywhere = (name: string): Fault => {
    const { credentials } = passages.sandbox(name);
    const all = Object.values(credentials as Record<string, string>).concat(secretsOf(name));
    return {
      kind: 'status',
      status: 200,
      headers: {
        'x-echo': all.join(' '),
        location: `https://vendor.example/?${new URLSearchParams(credentials as Record<string, string>).toString()}`,
        'set-cookie': 'session=planted-cookie',
        'x-auth-token': 'planted-token',
        'www-authenticate': 'Basic realm="planted"',
        'x-kept': 'yes',
      },
      body: {
        all,
        deep: [{ words: `no user for ${all.join(', ')}` }],
        [all[0]!]: 'as a key',
        url: `/x?${new URLSearchParams(credentials as Record<string, string>).toString()}`,
      },
    };
  };

  it.each(VENDORS)('%s: never our credentials, wherever the vendor repeats them', async (name) => {
    await passages.done(name, { method: 'GET', path: 'x' });
    expect(secretsOf(name).length).toBeGreaterThan(0);
    passages.sandbox(name).fail({ fault: everywhere(name), times: 3 });
    const { text } = await passages.pass(name, { method: 'GET', path: 'x' });
    expect(text).toContain('[removed]');
    for (const secret of secretsOf(name))
      for (const form of formsOf(secret)) expect([form, text.includes(form)]).toEqual([form, false]);
    const { headers } = JSON.parse(text) as Passed;
    expect(headers).toMatchObject({ 'x-kept': 'yes' });
    expect(Object.keys(headers)).toEqual(
      expect.not.arrayContaining(['set-cookie', 'connection', 'content-length']),
    );
    expect(text).not.toMatch(/planted/);
    passages.sandbox(name).heal();
    const page = JSON.stringify(Object.values(passages.sandbox(name).credentials));
    passages.sandbox(name).fail({ fault: { kind: 'status', status: 200, body: `<p>${page}</p>` } });
    const html = await passages.done(name, { method: 'GET', path: 'x' });
    const shown = Buffer.from(String(html.body), 'base64').toString();
    expect(shown).toContain('[removed]');
    expect(secretsOf(name).filter((secret) => shown.includes(secret))).toEqual([]);
  });

  it('Basic and Bearer headers that a vendor repeats are removed as well', async () => {
    const { apiKey } = passages.sandbox('cliniko').credentials as { apiKey: string };
    const basic = Buffer.from(`${apiKey}:`).toString('base64');
    passages.sandbox('cliniko').fail({
      fault: { kind: 'status', status: 400, body: { authorization: `Basic ${basic}` } },
    });
    const { text } = await passages.pass('cliniko', { method: 'GET', path: 'user' });
    expect(text).not.toContain(basic);
  });

  it("nor the vendor's own secret fields", async () => {
    const { body, status } = await passages.done('penga', { method: 'GET', path: 'user' });
    expect(status).toBe(200);
    const text = JSON.stringify(body);
    for (const [field, secret] of Object.entries(SECRETS)) {
      expect(text).not.toContain(field);
      expect(text).not.toContain(secret);
    }
    const log = await passages.done('penga', {
      method: 'POST',
      path: 'auth/login',
      body: passages.sandbox('penga').credentials,
    });
    expect(log).toMatchObject({ status: 200, body: {} });
  });

  it("a record's own e-mail address stays, though the account's user has it", async () => {
    const { email } = passages.sandbox('penga').credentials as { email: string };
    passages.sandbox('penga').fail({
      fault: { kind: 'status', status: 200, body: { email, note: `ask ${email}` } },
    });
    const { body } = await passages.done('penga', { method: 'GET', path: 'user/all' });
    expect(body).toEqual({ email, note: 'ask [removed]' });
  });

  it('a redirect is an answer and is not followed', async () => {
    const { state } = passages.sandbox('penga') as unknown as { state: PengaState };
    const location = `${passages.sandbox('cliniko').baseUrl}/users`;
    passages.sandbox('penga').fail({ fault: { kind: 'status', status: 302, headers: { location } } });
    const seen = await passages.seenBy('cliniko', async () => {
      const answer = await passages.done('penga', { method: 'GET', path: 'user' });
      expect(answer).toMatchObject({ status: 302, headers: { location } });
    });
    expect([seen, state.users.rows.length > 0]).toEqual([[], true]);
  });

  it('an answer beyond 8 MiB is no answer', async () => {
    passages.sandbox('penga').fail({
      fault: { kind: 'status', status: 200, body: { text: 'x'.repeat(9 * 1024 * 1024) } },
      times: 3,
    });
    const { status, problem } = await passages.pass('penga', { method: 'GET', path: 'user' });
    expect([status, problem.code]).toEqual([502, 'vendor_invalid_response']);
  });
});
