import { ShortMemory } from './short-memory';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

it('remembers for so long and not longer, and keeps nothing of what it has forgotten', () => {
  const memory = new ShortMemory<string>(10, 5_000);
  memory.set('a', 'one');
  jest.advanceTimersByTime(3_000);
  memory.set('b', 'two');
  expect([memory.get('a'), memory.get('b')]).toEqual(['one', 'two']);
  jest.advanceTimersByTime(2_000);
  expect([memory.get('a'), memory.get('b')]).toEqual([undefined, 'two']);
  jest.advanceTimersByTime(10_000);
  expect((memory as unknown as { held: Map<string, unknown> }).held.size).toBe(0);
  expect(jest.getTimerCount()).toBe(0);
});

it('holds so many and not more: the one that was noted longest ago goes', () => {
  const memory = new ShortMemory<number>(2, 5_000);
  memory.set('a', 1);
  memory.set('b', 2);
  memory.set('a', 3);
  memory.set('c', 4);
  expect(['a', 'b', 'c'].map((name) => memory.get(name))).toEqual([3, undefined, 4]);
  memory.delete('a');
  expect(memory.get('a')).toBeUndefined();
});
