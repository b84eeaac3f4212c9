import type { Gateway } from './gateway';
import { formsOf } from './secrets';

/** Every table that there is, whoever made it. */
export async function tablesOf(gateway: Gateway): Promise<string[]> {
  const rows = await gateway.rows<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  return rows.map(({ name }) => name);
}

/** All that stands in each table, as text. */
export async function textsOfTables(gateway: Gateway): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const table of await tablesOf(gateway)) {
    const rows = await gateway.rows<{ row: string }>(`select t::text as row from ${table} t`);
    texts.set(table, rows.map(({ row }) => row).join('\n'));
  }
  return texts;
}

/** Where each of these texts stands, in whatever column and form: `table: text`. */
export async function found(gateway: Gateway, texts: readonly string[]): Promise<string[]> {
  const places: string[] = [];
  for (const [table, text] of await textsOfTables(gateway)) {
    const all = text.toLowerCase();
    for (const one of texts)
      if (formsOf(one).some((form) => all.includes(form.toLowerCase()))) places.push(`${table}: ${one}`);
  }
  return places;
}
