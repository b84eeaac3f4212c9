import type { Query } from './database';

/** Rows that are kept for a time: which of a table's are over, and by which indexed column the oldest are found. */
interface Over {
  readonly table: string;
  readonly where: string;
  readonly oldest: string;
}

/** Forgets some of the rows whose time is over, and leaves those that somebody holds; says whether there may be more. */
export async function forgetSome(
  query: Query,
  { table, where, oldest }: Over,
  limit: number,
): Promise<boolean> {
  const gone = await query({
    // By where the rows are: a join would read the whole table.
    text: `delete from ${table} where ctid = any(array(
             select ctid from ${table} where ${where} order by ${oldest} limit $1 for update skip locked)) returning 1`,
    values: [limit],
  });
  return gone.length === limit;
}
