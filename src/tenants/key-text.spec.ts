import { looksLikeKey, newKey, shownPrefix } from './key-text';

it('a new key looks like one, and shows little of itself', () => {
  const key = newKey();
  expect(key).toMatch(/^sgw_[0-9A-Za-z]{36}$/);
  expect(looksLikeKey(key)).toBe(true);
  expect(shownPrefix(key)).toBe(key.slice(0, 10));
});

it('a key of which one character was changed is no key, so that guessing costs no query', () => {
  const key = newKey();
  for (let i = 4; i < key.length; i += 1) {
    const other = key[i] === '0' ? '1' : '0';
    expect(looksLikeKey(key.slice(0, i) + other + key.slice(i + 1))).toBe(false);
  }
});
