import { formsOf } from './secrets';

const SECRET = 'p4ss&Wört!';

it.each([
  ['plain', `cannot log in with ${SECRET}`],
  ['URL-encoded', `GET /login?password=${encodeURIComponent(SECRET)}&x=1`],
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
