import { startLanes, struck, type Lanes } from './lanes';
import { PLACES, type Place, type Row } from './row';
import { ROWS } from './table';

let lanes: Lanes;

beforeAll(async () => {
  lanes = await startLanes();
}, 120_000);
afterAll(() => lanes.close());

/** Where a row is tried every day; test/chaos tries each of them everywhere. */
const placesOf = ({ effort, seen }: Row): readonly Place[] => {
  if (effort === 'all' || !seen.read) return PLACES;
  return effort === 'least' ? ['read'] : ['read', 'write'];
};

it.each(ROWS.filter(({ effort }) => effort !== 'none'))('$name', async (row) => {
  const { seen, expected } = await struck(lanes, row, placesOf(row));
  expect(seen).toEqual(expected);
  expect(lanes.strangers.connectionsElsewhere()).toBe(0);
});
