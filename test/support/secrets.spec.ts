import { formsOf, leaksIn, secretsOf } from './secrets';

const SECRET = 'p4ss&"Wört? >!';

it.each([
  ['plain', `cannot log in with ${SECRET}`],
  ['URL-encoded', `GET /login?password=${encodeURIComponent(SECRET)}&x=1`],
  ['URL-encoded as forms do', `password=${encodeURIComponent(SECRET).replaceAll('%20', '+')}`],
  ['URL-encoded in small letters', encodeURIComponent(SECRET).replace(/%../g, (one) => one.toLowerCase())],
  ['in JSON', JSON.stringify({ password: SECRET })],
  ['base64url', Buffer.from(`~~${SECRET}`).toString('base64url')],
  ['hex', `<Buffer ${Buffer.from(SECRET).toString('hex')}>`],
  ['base64', Buffer.from(SECRET).toString('base64')],
  ...['u', 'us', 'use', 'user'].map((user) => [
    `base64 after ${user}`,
    `Basic ${Buffer.from(`${user}:${SECRET}:`).toString('base64')}`,
  ]),
])('a secret is found when it is written %s', (_how, text) => {
  expect(formsOf(SECRET).some((form) => text.includes(form))).toBe(true);
});

it('no other text is taken for the secret', () => {
  const other = 'cannot log in with pAssWort';
  expect(formsOf(SECRET).filter((form) => other.includes(form))).toEqual([]);
});

it('the secrets of an environment are found by their names', () => {
  const secrets = secretsOf({
    ADMIN_API_KEY: 'operator-key',
    ENCRYPTION_KEYS: `a:${Buffer.alloc(32, 7).toString('base64')}`,
    DATABASE_URL: 'postgres://gateway:pass-word@127.0.0.1/x',
    LOG_LEVEL: 'info',
  });
  expect(leaksIn('{"url":"postgres://gateway:pass-word@127.0.0.1/x"}', secrets)).toEqual([
    'the password of DATABASE_URL',
  ]);
  expect(leaksIn(`<Buffer ${'07'.repeat(32)}>`, secrets)).toEqual(['the encryption key a as bytes']);
  expect(leaksIn('Bearer operator-key', secrets)).toEqual(["the operator's key"]);
  expect(leaksIn('info', secrets)).toEqual([]);
});
