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
