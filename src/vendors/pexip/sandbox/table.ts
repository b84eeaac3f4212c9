/** Records of one kind in the order of their ids, which says nothing of their dates. */
export interface Table<Row> {
  readonly size: number;
  all(): readonly Row[];
  get(id: string): Row | undefined;
  /** Adds the record, or takes the place of the one with its id. */
  put(row: Row): Row;
  delete(id: string): void;
  /** The records that `keysOf` finds under a key: an employee's appointments, say. */
  of(key: string): readonly Row[];
  /** The records that pass the test. What a name stands for is kept until the next write, so that later pages cost nothing. */
  select(name: string, test: (row: Row) => boolean, among?: () => readonly Row[]): readonly Row[];
}

const KEPT = 16;

/** Which ids stand under which key; made when it is first asked for. */
function indexOf<Row extends { readonly id: string }>(
  rows: readonly Row[],
  keysOf: (row: Row) => readonly string[],
) {
  let index: Map<string, Set<string>> | null = null;
  const file = (into: Map<string, Set<string>>, row: Row): void => {
    for (const key of keysOf(row)) into.set(key, (into.get(key) ?? new Set()).add(row.id));
  };
  return {
    add: (row: Row): void => {
      if (index) file(index, row);
    },
    remove: (row: Row): void => {
      if (index) for (const key of keysOf(row)) index.get(key)?.delete(row.id);
    },
    under: (key: string): string[] => {
      if (!index) {
        index = new Map();
        for (const row of rows) file(index, row);
      }
      return [...(index.get(key) ?? [])].sort();
    },
  };
}

/** Where in the order of ids one stands, or would stand. */
function placeOf(id: string, rows: readonly { readonly id: string }[]): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.id ?? '') < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Makes a table. */
export function table<Row extends { readonly id: string }>(
  made: readonly Row[],
  keysOf: (row: Row) => readonly string[] = () => [],
): Table<Row> {
  const rows = [...made].sort((a, b) => (a.id < b.id ? -1 : 1));
  const byId = new Map(rows.map((row) => [row.id, row]));
  const index = indexOf(rows, keysOf);
  const kept = new Map<string, readonly Row[]>();
  return {
    get size() {
      return rows.length;
    },
    all: () => rows,
    get: (id) => byId.get(id),
    put: (row) => {
      const known = byId.get(row.id);
      if (known) index.remove(known);
      rows.splice(placeOf(row.id, rows), known ? 1 : 0, row);
      byId.set(row.id, row);
      index.add(row);
      kept.clear();
      return row;
    },
    delete: (id) => {
      const known = byId.get(id);
      if (!known) return;
      index.remove(known);
      rows.splice(placeOf(id, rows), 1);
      byId.delete(id);
      kept.clear();
    },
    of: (key) => index.under(key).flatMap((id) => byId.get(id) ?? []),
    select: (name, test, among = () => rows) => {
      const known = kept.get(name);
      if (known) return known;
      const chosen = among().filter(test);
      if (kept.size >= KEPT) kept.delete(kept.keys().next().value ?? '');
      kept.set(name, chosen);
      return chosen;
    },
  };
}
