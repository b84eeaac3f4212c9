/** PostgreSQL's number of the type json. */
export const JSON_TYPE = 114;
const HEAD_BYTES = 20;
const LENGTH_BYTES = 4;

/**
 * JSON texts as one parameter of type `json[]`, as PostgreSQL's binary format has it. As text every quotation mark of every
 * document would be escaped here and read letter by letter there, which costs more than all else that is done with it.
 */
export function jsonArray(texts: readonly string[]): Buffer {
  const lengths = texts.map((text) => Buffer.byteLength(text));
  const into = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + LENGTH_BYTES + length, HEAD_BYTES));
  let at = 0;
  // One dimension, no nulls, the type; then how many there are, counted from 1.
  for (const number of [1, 0, JSON_TYPE, texts.length, 1]) at = into.writeInt32BE(number, at);
  texts.forEach((text, i) => {
    at = into.writeInt32BE(lengths[i] ?? 0, at);
    at += into.write(text, at);
  });
  return into;
}
