/** How base64 writes `secret` in the middle of other text, for each of the three places at which it can begin. */
const base64Of = (secret: string): string[] =>
  [0, 1, 2].map((shift) => {
    const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)]);
    return bytes.toString('base64').slice(Math.ceil((shift * 8) / 6), Math.floor((bytes.length * 8) / 6));
  });

/** Everything that a secret may look like when it leaks: plain, URL-encoded, hex, base64. */
export function formsOf(secret: string): readonly string[] {
  const hex = Buffer.from(secret).toString('hex');
  return [...new Set([secret, encodeURIComponent(secret), hex, hex.toUpperCase(), ...base64Of(secret)])];
}

/** Another value of the same form: its first letter or digit is the next one. */
const spoilt = (secret: string): string =>
  secret.replace(
    /[a-z0-9]/i,
    (first) => ({ z: 'a', Z: 'A', '9': '0' })[first] ?? String.fromCharCode(first.charCodeAt(0) + 1),
  );

/** Credentials of the same form that open nothing. */
export const spoiltCredentials = (credentials: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(credentials).map(([name, value]) => [
      name,
      typeof value === 'string' ? spoilt(value) : value,
    ]),
  );
