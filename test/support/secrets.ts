/** How base64 writes `secret` in the middle of other text, for each of the three places at which it can begin. */
const base64Of = (secret: string): string[] =>
  [0, 1, 2].map((shift) => {
    const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)]);
    return bytes.toString('base64').slice(Math.ceil((shift * 8) / 6), Math.floor((bytes.length * 8) / 6));
  });

/** Everything that a secret may look like when it leaks: plain, URL-encoded, in JSON, hex, base64 of either alphabet. */
export function formsOf(secret: string): readonly string[] {
  const hex = Buffer.from(secret).toString('hex');
  const url = encodeURIComponent(secret);
  const base64 = base64Of(secret);
  return [
    ...new Set([
      secret,
      JSON.stringify(secret).slice(1, -1),
      url,
      url.replace(/%[\dA-F]{2}/g, (escape) => escape.toLowerCase()),
      url.replaceAll('%20', '+'),
      hex,
      hex.toUpperCase(),
      ...base64,
      ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
    ]),
  ];
}

/** Which of the secrets stand in a text, in whatever form, by what they are called. */
export const leaksIn = (text: string, secrets: ReadonlyMap<string, string>): string[] =>
  [...secrets].flatMap(([name, secret]) =>
    formsOf(secret).some((form) => text.includes(form)) ? [name] : [],
  );

/** What stands in a process's environment and must not leave it: keys, and passwords in addresses. */
export function secretsOf(env: NodeJS.ProcessEnv): Map<string, string> {
  const keys = (env['ENCRYPTION_KEYS'] ?? '').split(',').flatMap((one): [string, string][] => {
    const [id = '', key = ''] = one.split(':');
    return [
      [`the encryption key ${id}`, key],
      [`the encryption key ${id} as bytes`, Buffer.from(key, 'base64').toString('hex')],
    ];
  });
  const passwords = ['DATABASE_URL', 'MIGRATION_DATABASE_URL'].map((name): [string, string] => [
    `the password of ${name}`,
    env[name] === undefined ? '' : new URL(env[name]).password,
  ]);
  const all: [string, string][] = [["the operator's key", env['ADMIN_API_KEY'] ?? ''], ...keys, ...passwords];
  return new Map(all.filter(([, secret]) => secret !== ''));
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
