/** How many parts are on their way at once: as many as leave a vendor with four places room for a caller. */
const AT_ONCE = 3;

const nothing = (): void => undefined;

/**
 * Fetches the parts of a list whose places are known before they are read, a few at a time: a vendor's answer takes its
 * time, and a list of ten records a page has many of them. What comes early may be older than what comes before it.
 */
export class ReadAhead<Part> {
  private readonly early = new Map<number, Promise<Part>>();

  constructor(private readonly fetch: (place: number) => Promise<Part>) {}

  /** Whether the part at this place was asked for before its turn. */
  isEarly(place: number): boolean {
    return this.early.has(place);
  }

  /** The part at this place. Where another was expected, the list is not what it was, and what came early is forgotten. */
  take(place: number): Promise<Part> {
    const part = this.early.get(place);
    if (part) this.early.delete(place);
    else this.forget();
    return part ?? this.fetch(place);
  }

  /** Asks for the next parts, from `first` to before `end` in steps, as far as there is room. */
  expect({ first, end, step = 1 }: { first: number; end: number; step?: number }): void {
    for (let place = first; place < end && this.early.size < AT_ONCE - 1; place += step) {
      if (this.early.has(place)) continue;
      const part = this.fetch(place);
      // Whoever takes it hears of its failure; where the reading ends before, nobody needs to.
      part.catch(nothing);
      this.early.set(place, part);
    }
  }

  /** Forgets what came early. */
  forget(): void {
    this.early.clear();
  }
}
