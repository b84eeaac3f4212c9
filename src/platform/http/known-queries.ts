/** Longer ones hardly come again. */
const LONGEST = 300;
const MOST = 300;

/**
 * What queries were read as, by their text: lists are asked for in the same words again and again, and checking a query
 * costs more than much of what follows. Nobody may change what is handed out, since the next one gets it too.
 */
export class KnownQueries {
  private readonly known = new Map<object, Map<string, object>>();
  private count = 0;

  /** The query read as `type`; `read` does it where it is new, and throws where it is wrong. */
  as(type: object, query: unknown, read: () => object): object {
    const text = JSON.stringify(query);
    const found = this.known.get(type)?.get(text);
    if (found) return found;
    const made = Object.freeze(read());
    if (text.length <= LONGEST) this.keep(type, text, made);
    return made;
  }

  private keep(type: object, text: string, made: object): void {
    if (this.count >= MOST) {
      this.known.clear();
      this.count = 0;
    }
    this.count += 1;
    const ofType = this.known.get(type) ?? new Map<string, object>();
    this.known.set(type, ofType.set(text, made));
  }
}
