import { AsyncResource } from 'node:async_hooks';
import { currentContext, Elapsed, newContext, withAlongside, withContext } from './context';

describe('time that goes by in several things', () => {
  it.each<[string, readonly (readonly [number, number])[], number]>([
    [
      'one after the other',
      [
        [0, 10],
        [20, 30],
      ],
      20,
    ],
    [
      'at once',
      [
        [0, 10],
        [0, 10],
        [5, 12],
      ],
      12,
    ],
    [
      'one in another',
      [
        [4, 6],
        [0, 10],
      ],
      10,
    ],
    [
      'one about several and what is between them',
      [
        [0, 2],
        [4, 6],
        [8, 9],
        [3, 10],
      ],
      9,
    ],
    ['nothing', [], 0],
  ])('%s counts as long as the clock says', (_how, spans, expected) => {
    const elapsed = new Elapsed();
    for (const [from, to] of spans) elapsed.add(to - from, to);
    expect(elapsed.ms).toBe(expected);
  });
});

it('what is written alongside ends with the work, also for what that leaves running', async () => {
  const statement = { text: 'select 1', values: [] };
  const alongside = (): unknown => currentContext()?.alongside?.statement;
  let later = (): unknown => 'not yet';
  await withContext(newContext('a request'), async () => {
    await withAlongside(statement, async () => {
      expect(alongside()).toBe(statement);
      expect(await withAlongside(null, () => Promise.resolve(alongside()))).toBeNull();
      later = AsyncResource.bind(alongside);
    });
    expect(alongside()).toBeUndefined();
  });
  expect(later()).toBeNull();
});
