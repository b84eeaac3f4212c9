import { CannotOpen, type Keyring } from '../crypto';
import type { Database } from './database';
import { SEALED_TEXT, type SealedColumn } from './sealed-column';

/** Small, so that nobody who needs one of the rows waits for long. */
const AT_ONCE = 25;
/** What came of a column: how many texts were sealed anew, and how many cannot be opened. */
export interface Rotated {
  readonly resealed: number;
  readonly unreadable: number;
}
/** How many texts of a column a key has sealed. */
export interface KeyUse {
  readonly column: string;
  readonly key: string;
  readonly count: number;
}
/** What the caller hears after each batch, and how he says that it is enough. */
export interface RotationWatch {
  readonly told: (column: SealedColumn, resealed: number) => void;
  readonly isOver: () => boolean;
}
interface SealedRow extends Record<string, unknown> {
  readonly key: readonly string[];
  readonly sealed: string;
}

/**
 * Seals what older keys have sealed anew with the first one, beside a service that goes on. It keeps no place of its own:
 * what is done shows which key sealed it, so that a run that was stopped, or killed, is simply begun again.
 */
export class KeyRotation {
  constructor(
    private readonly database: Database,
    private readonly keyring: Keyring,
  ) {}

  /** Seals a column anew, batch by batch; a row that changed meanwhile is taken again. */
  async rotate(column: SealedColumn, watch: RotationWatch): Promise<Rotated> {
    let resealed = 0;
    for (;;) {
      const pass = await this.pass(column, {
        ...watch,
        told: (_, count) => {
          watch.told(column, resealed + count);
        },
      });
      resealed += pass.resealed;
      if (pass.missed === 0 || watch.isOver()) return { resealed, unreadable: pass.unreadable };
    }
  }

  /** Which keys have sealed what stands in a column. */
  use({ table, name, text }: SealedColumn): Promise<KeyUse[]> {
    return this.database.asSystem((query) =>
      query<KeyUse & Record<string, unknown>>({
        text: `select $1::text as "column", split_part(${text}, '.', 1) as key, count(*)::integer as count
               from ${table} where ${text} ~ $2 group by 2 order by 2`,
        values: [name, SEALED_TEXT],
      }),
    );
  }

  private async pass(
    column: SealedColumn,
    { told, isOver }: RotationWatch,
  ): Promise<Rotated & { missed: number }> {
    const sum = { resealed: 0, unreadable: 0, missed: 0 };
    let after: readonly string[] | null = null;
    while (!isOver()) {
      const rows: readonly SealedRow[] = await this.older(column, after);
      const last = rows.at(-1);
      if (!last) break;
      const opened = rows.flatMap((row) => this.resealed(column, row));
      const put = await this.put(column, opened);
      sum.resealed += put;
      sum.missed += opened.length - put;
      sum.unreadable += rows.length - opened.length;
      after = last.key;
      told(column, sum.resealed);
    }
    return sum;
  }

  /** The next rows that another key than the first has sealed. */
  private older({ table, key, text }: SealedColumn, after: readonly string[] | null): Promise<SealedRow[]> {
    const columns = Object.keys(key).join(', ');
    const places = Object.values(key).map((type, i) => `$${String(i + 3)}::${type}`);
    return this.database.asSystem((query) =>
      query<SealedRow>({
        text: `select array[${Object.keys(key)
          .map((name) => `${name}::text`)
          .join(', ')}] as key, ${text} as sealed from ${table}
               where ${text} ~ $1 and not starts_with(${text}, $2)
                 ${after === null ? '' : `and (${columns}) > (${places.join(', ')})`}
               order by ${columns} limit ${String(AT_ONCE)}`,
        values: [SEALED_TEXT, `${this.keyring.sealsWith}.`, ...(after ?? [])],
      }),
    );
  }

  private resealed({ place }: SealedColumn, row: SealedRow): (SealedRow & { readonly anew: string })[] {
    try {
      return [{ ...row, anew: this.keyring.reseal(row.sealed, place(...row.key)) }];
    } catch (error) {
      if (error instanceof CannotOpen) return [];
      throw error;
    }
  }

  /** Puts the new texts in the place of the old ones, where these still stand; how many did. */
  private async put(
    { table, key, text, put }: SealedColumn,
    rows: readonly (SealedRow & { readonly anew: string })[],
  ): Promise<number> {
    const names = Object.keys(key);
    const arrays = [...Object.values(key), 'text', 'text'].map((type, i) => `$${String(i + 1)}::${type}[]`);
    const columns = names.map((_, i) => `key_${String(i)}`);
    const same = names.map((name, i) => `t.${name} = s.key_${String(i)}`).join(' and ');
    const done = await this.database.asSystem((query) =>
      query({
        text: `update ${table} t set ${put('s.anew')}
               from unnest(${arrays.join(', ')}) as s (${columns.join(', ')}, sealed, anew)
               where ${same} and ${text} = s.sealed returning 1`,
        values: [
          ...names.map((_, i) => rows.map((row) => row.key[i])),
          rows.map(({ sealed }) => sealed),
          rows.map(({ anew }) => anew),
        ],
      }),
    );
    return done.length;
  }
}
