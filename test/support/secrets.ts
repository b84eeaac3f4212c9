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
