import { DataSource } from 'typeorm';
import { freshDatabase, type FreshDatabase } from '../../../test/support/database';
import { dataSourceOptions } from './data-source';
import { Database } from './database';
import { jsonArray } from './json-array';

let place: FreshDatabase;
let database: Database;

beforeAll(async () => {
  place = await freshDatabase();
  database = new Database(await new DataSource(dataSourceOptions(place.url)).initialize());
});
afterAll(async () => {
  await database.onApplicationShutdown();
  await place.drop();
});

const stored = async (texts: readonly string[]): Promise<string[]> => {
  const text =
    'select one::text as text from unnest($1::json[]) with ordinality as r (one, nth) order by nth';
  const rows = await database.readAsSystem<{ text: string }>({ text, values: [jsonArray(texts)] });
  return rows.map((row) => row.text);
};

it('brings each text as it is, whatever it holds', async () => {
  const values = [{ said: '"{a},\\b\n\u00e9 \u{1f600}' }, null, [1.5, true], '', { deep: { er: [] } }];
  const texts = [...values.map((value) => JSON.stringify(value)), '{ "as" :  "written" }'];
  expect(await stored(texts)).toEqual(texts);
});

it('brings none', async () => {
  expect(await stored([])).toEqual([]);
});

it('is refused where a text is no JSON', async () => {
  await expect(stored(['{}', '{'])).rejects.toThrow('invalid input syntax for type json');
});
