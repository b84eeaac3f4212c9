import { jsonWithout, parseJson } from './json';

describe('parseJson', () => {
  it.each([
    ['{"id":18446744073709551615}', { id: '18446744073709551615' }],
    ['[-9007199254740993, 9007199254740991]', ['-9007199254740993', 9007199254740991]],
    ['[1000000000000000,\n12345678901234567890]', [1000000000000000, '12345678901234567890']],
    ['{"a":12345678901234567.5,"b":1}', { a: '12345678901234567.5', b: 1 }],
  ])('keeps each digit of %s', (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  it.each([
    'call ,12345678901234567890',
    'a "quoted" :12345678901234567890',
    '\\',
    '\\"[12345678901234567890',
  ])('leaves what only looks like a number alone: %s', (words) => {
    const value = { words, [words]: [words], list: ['', words] };
    expect(parseJson(`{"id":18446744073709551615,"value":${JSON.stringify(value)}}`)).toEqual({
      id: '18446744073709551615',
      value,
    });
  });

  it.each([
    '[00000000000000000001]',
    '[12345678901234567890-1]',
    '[12345678901234567890 1]',
    '[12345678901234567890.]',
    '[+12345678901234567890]',
    '{12345678901234567890:1}',
    '{"a":1,12345678901234567890:1}',
    '{"id":12345678901234567890',
    '{"id":12345678901234567890,"a":"\n"}',
    "{'id':12345678901234567890}",
    '["\\x",12345678901234567890]',
    '["open,12345678901234567890]',
  ])('refuses %s', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  it('refuses a long text that breaks off inside of a string, and soon', () => {
    const text = `[12345678901234567890,"${'\\"'.repeat(500_000)}`;
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });
});

describe('jsonWithout', () => {
  const secret = new Set(['token']);

  it('leaves a field out wherever it stands', () => {
    const value = { token: 'a', user: { token: 'b', name: 'token' }, list: [{ token: 'c' }, 'token'] };
    expect(JSON.parse(jsonWithout(value, secret))).toEqual({ user: { name: 'token' }, list: [{}, 'token'] });
  });

  it('changes nothing else', () => {
    const value = { name: 'the "token"', tokens: [1, null, { Token: 'x' }] };
    expect(jsonWithout(value, secret)).toBe(JSON.stringify(value));
    expect(jsonWithout(null, secret)).toBe('null');
  });
});
