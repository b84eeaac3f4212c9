const REMOVED = '[removed]';
/** A shorter secret stands in other words by chance: it is removed only where it is the whole text. */
const SHORTEST_INSIDE = 6;
/** Of a shorter one too little is left in base64 to tell it from anything else. */
const SHORTEST_ENCODED = 12;
const ADDRESS = /^[^\s@]+@[^\s@]+$/;

/** What must not come back from a vendor. */
export interface Redaction {
  /** Our credentials, and what a call made of them. */
  readonly secrets: readonly string[];
  /** Names under which a vendor takes credentials: whatever stands under one is removed. */
  readonly names: readonly string[];
}
/** Removes secrets from a text, or from everything that a JSON value holds. */
export interface Redactor {
  readonly text: (words: string) => string;
  readonly json: (value: unknown) => unknown;
}

/** A secret in hex, and in base64 of either alphabet for each of the three places at which it can begin in other bytes. */
function encodedForms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const base64 = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    return text.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6));
  });
  return [
    bytes.toString('hex'),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  ];
}

/**
 * Takes our credentials out of whatever a vendor repeats of them, in the forms in which they were sent or are written down. An e-mail address
 * that is the whole of a field for one stays: the account's user is a practitioner too, and a caller who reads a record to
 * write it back would destroy it.
 */
export function redactor({ secrets, names }: Redaction): Redactor {
  const whole = new Set(secrets.filter((secret) => secret !== ''));
  const forms = [...whole]
    .filter(({ length }) => length >= SHORTEST_INSIDE)
    .flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      encodeURIComponent(secret).replace(/%20/g, '+'),
      ...(secret.length < SHORTEST_ENCODED ? [] : encodedForms(secret)),
    ])
    .sort((a, b) => b.length - a.length)
    .map((form) => form.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const inside = forms.length === 0 ? null : new RegExp(forms.join('|'), 'gi');
  const taken = new Set(names.map((name) => name.toLowerCase()));

  const text = (words: string): string =>
    whole.has(words) ? REMOVED : inside === null ? words : words.replace(inside, REMOVED);
  const json = (value: unknown, key = ''): unknown => {
    if (typeof value === 'string') return /mail/i.test(key) && ADDRESS.test(value) ? value : text(value);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((one) => json(one, key));
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [
        text(name),
        taken.has(name.toLowerCase()) ? REMOVED : json(one, name),
      ]),
    );
  };
  return { text, json: (value) => json(value) };
}
