import { ReadAhead } from './read-ahead';

/** A list whose parts are answered when the test says so. */
function slowList() {
  const asked: number[] = [];
  const answers = new Map<number, (part: string | Error) => void>();
  const fetch = (place: number): Promise<string> => {
    asked.push(place);
    return new Promise((resolve, reject) => {
      answers.set(place, (part) => {
        if (part instanceof Error) reject(part);
        else resolve(part);
      });
    });
  };
  return { asked, fetch, answer: (place: number, part: string | Error) => answers.get(place)?.(part) };
}

it('asks for two more while one is waited for, and never for what is not there', async () => {
  const { asked, fetch, answer } = slowList();
  const ahead = new ReadAhead(fetch);
  ahead.expect({ first: 2, end: 100 });
  expect(asked).toEqual([2, 3]);
  const second = ahead.take(2);
  ahead.expect({ first: 3, end: 100 });
  expect(asked).toEqual([2, 3, 4]);
  answer(2, 'two');
  expect(await second).toBe('two');
  ahead.forget();
  ahead.expect({ first: 6, end: 7 });
  expect(asked).toEqual([2, 3, 4, 6]);
});

it('forgets what it expected where another place is asked for', async () => {
  const { asked, fetch, answer } = slowList();
  const ahead = new ReadAhead(fetch);
  ahead.expect({ first: 99, end: 1000, step: 99 });
  answer(99, 'of the list as it was');
  const short = ahead.take(50);
  answer(50, 'as it is');
  expect(await short).toBe('as it is');
  const again = ahead.take(99);
  answer(99, 'new');
  expect(await again).toBe('new');
  expect(asked).toEqual([99, 198, 50, 99]);
});

it('tells of a failure whoever takes the part, and nobody else', async () => {
  const { fetch, answer } = slowList();
  const ahead = new ReadAhead(fetch);
  ahead.expect({ first: 2, end: 4 });
  answer(2, new Error('refused'));
  answer(3, new Error('never taken'));
  await expect(ahead.take(2)).rejects.toThrow('refused');
});
