import { redactor } from './redact';

const SECRET = 'S3cret/+ value';
const { text, json } = redactor({ secrets: [SECRET, 'owner@example.com', 'abc', ''], names: ['user_token'] });

it.each([
  [`before ${SECRET} after`, 'before [removed] after'],
  [encodeURIComponent(SECRET), '[removed]'],
  ['?a=S3cret%2F%2B+value&b=1', '?a=[removed]&b=1'],
  [SECRET.toUpperCase(), '[removed]'],
  [`${SECRET}${SECRET}`, '[removed][removed]'],
  ['owner%40example.com', '[removed]'],
  ['abc', '[removed]'],
  ['abcdef', 'abcdef'],
  ['', ''],
])('%s becomes %s', (given, left) => {
  expect(text(given)).toBe(left);
});

it.each(['', 'u', 'us', 'user:'])('finds it in base64 after %j, and in hex', (before) => {
  const bytes = Buffer.from(`${before}${SECRET}: and more`);
  const inner = Buffer.from(SECRET).toString('base64').slice(4, 12);
  for (const form of ['base64', 'base64url', 'hex'] as const) {
    const left = text(`Basic ${bytes.toString(form)}`);
    expect(left).toMatch(/^Basic .{0,10}\[removed\]/);
    expect(left).not.toContain(inner);
  }
});

it('looks into keys, lists and names of parameters', () => {
  expect(json({ [SECRET]: [{ a: SECRET }, 7, null, true], USER_TOKEN: 'anything', rest: 'x' })).toEqual({
    '[removed]': [{ a: '[removed]' }, 7, null, true],
    USER_TOKEN: '[removed]',
    rest: 'x',
  });
});

it('leaves an address where a record has it, and nowhere else', () => {
  expect(
    json({ email: 'owner@example.com', e_mails: ['owner@example.com'], name: 'owner@example.com' }),
  ).toEqual({
    email: 'owner@example.com',
    e_mails: ['owner@example.com'],
    name: '[removed]',
  });
  expect(json({ email: SECRET })).toEqual({ email: '[removed]' });
});

it('with nothing to hide, changes nothing', () => {
  const plain = redactor({ secrets: [], names: [] });
  expect(plain.json({ a: ['b'] })).toEqual({ a: ['b'] });
  expect(plain.text('[removed]')).toBe('[removed]');
});
