import { startLanes, struck, type Lanes } from '../faults/lanes';
import { ROWS } from '../faults/table';

let lanes: Lanes;

beforeAll(async () => {
  // Progenda has a thousand clients of a center on a page.
  lanes = await startLanes({ progenda: { clients: 2_010, appointments: 60 } });
}, 120_000);
afterAll(() => lanes.close());

it.each(ROWS)(
  '$name, in every place',
  async (row) => {
    const { seen, expected } = await struck(lanes, row);
    expect(seen).toEqual(expected);
    expect(lanes.strangers.connectionsElsewhere()).toBe(0);
  },
  120_000,
);
