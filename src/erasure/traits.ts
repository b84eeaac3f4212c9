/** What an erased client can be recognised by where nothing but text is kept. */
export interface Traits {
  /** Every text that his record and his appointments held. */
  readonly words: ReadonlySet<string>;
  /** What names him, as JSON writes it inside of a string. */
  readonly needles: readonly string[];
  /** The vendor's id for him. */
  readonly remoteId: string;
}

/** Shorter ones would be found in anything. */
const SHORTEST = 5;
const NAMING = ['email', 'phone', 'phoneRaw', 'fullName', 'notes'] as const;

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** The traits of a client: `held` is everything that is kept of him, parsed. */
export function traitsOf(
  {
    id,
    remoteId,
    doc,
    more,
  }: { id: string; remoteId: string; doc: object; more: readonly (string | null)[] },
  held: readonly unknown[],
): Traits {
  const record = doc as Readonly<Record<string, unknown>>;
  const naming = [...NAMING.map((field) => record[field]), ...more].filter(
    (text): text is string => typeof text === 'string' && text.length >= SHORTEST,
  );
  return {
    words: new Set(held.flatMap(textsIn)),
    needles: [id, ...naming.map((text) => JSON.stringify(text).slice(1, -1))],
    remoteId,
  };
}

const quoted = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Whether an answer, as it was sent, tells of the client; a vendor's own one (passthrough) knows him by the vendor's id, too. */
export function tellsOf({ needles, remoteId }: Traits, answer: string): boolean {
  if (needles.some((needle) => answer.includes(needle))) return true;
  if (!answer.startsWith('{"status":')) return false;
  const { body, encoding } = JSON.parse(answer) as { body?: unknown; encoding?: string };
  const plain = encoding === 'base64' ? Buffer.from(String(body), 'base64').toString() : JSON.stringify(body);
  return (
    new RegExp(`["':/ ]${quoted(remoteId)}(?=["',}\\]/?\\s])`).test(plain) ||
    needles.some((one) => plain.includes(one))
  );
}
