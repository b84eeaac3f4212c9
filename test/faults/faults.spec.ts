import { startLanes, type Findings, type Lanes } from './lanes';
import { PLACES, type Place, type Row } from './row';
import { ROWS } from './table';

/** Short enough for a test, long enough for a sandbox on a busy machine. */
const TIMES = '400,1500,4000,4000,10';

let lanes: Lanes;

beforeAll(async () => {
  lanes = await startLanes(TIMES);
}, 120_000);
afterAll(() => lanes.close());

/** Where a row is tried every day; test/chaos tries each of them everywhere. */
const placesOf = ({ effort, seen }: Row): readonly Place[] => {
  if (effort === 'all' || !seen.read) return PLACES;
  return effort === 'least' ? ['read'] : ['read', 'write'];
};

describe.each(ROWS)('$name', (row) => {
  it('has its outcome at every vendor', async () => {
    const struck = lanes.all.filter(({ name }) => row.vendors?.includes(name) ?? true);
    const found = await Promise.all(
      struck.map(async (lane): Promise<[string, Findings]> => [
        lane.name,
        await lane.run(row, placesOf(row)),
      ]),
    );
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(struck.map((lane) => [lane.name, lane.expected(row, placesOf(row))])),
    );
    expect(lanes.strangers.connectionsElsewhere()).toBe(0);
  });
});
