import type { Database } from '../platform/database/database';
import { AfterWrites } from './after-writes';
import type { SchedulesRepository } from './schedules.repository';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

it('looks at a schedule once a second however many writes there are, and once more after the last', async () => {
  const looked: string[] = [];
  const database = { change: (tenantId: string) => Promise.resolve(void looked.push(tenantId)) };
  const after = new AfterWrites(database as unknown as Database, {} as SchedulesRepository);
  const write = (tenantId: string): Promise<void> => after.wrote({ tenantId, id: 'connection' });
  for (let i = 0; i < 50; i += 1) await write('one');
  await write('another');
  expect(looked).toEqual(['one', 'another']);
  await jest.advanceTimersByTimeAsync(1_000);
  expect(looked).toEqual(['one', 'another', 'one']);
  await jest.advanceTimersByTimeAsync(5_000);
  expect(looked).toHaveLength(3);
  await write('another');
  expect(looked).toHaveLength(4);
});
