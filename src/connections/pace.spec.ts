import { paceOf } from './pace';

const limit = (requestsPerMinute: number | null) => ({ requestsPerMinute, maxInFlight: 4, sharedBy: 'x' });

describe('the pace below a limit', () => {
  it('lets no minute hold more than the vendor allows, wherever it begins', () => {
    for (let allowed = 1; allowed <= 5000; allowed += 1) {
      const { gap, burst } = paceOf(limit(allowed));
      const inAMinute = burst - 1 + Math.ceil(60 / gap);
      expect([allowed, inAMinute <= allowed]).toEqual([allowed, true]);
    }
  });

  it('uses nine tenths of it when calls come without end', () => {
    for (const allowed of [1, 20, 200, 3000])
      expect(60 / paceOf(limit(allowed)).gap).toBeCloseTo(allowed * 0.9);
  });

  it('keeps some calls in hand for users wherever there is a burst, and else makes background work wait longer', () => {
    for (let allowed = 1; allowed <= 5000; allowed += 1) {
      const { burst, backgroundBurst } = paceOf(limit(allowed));
      expect(backgroundBurst).toBeGreaterThan(0);
      expect([allowed, burst - backgroundBurst >= (burst === 1 ? 0.2 : 1) - 1e-9]).toEqual([allowed, true]);
    }
  });

  it('lets calls in ahead of their time only where they are many', () => {
    expect(paceOf(limit(200)).block).toBe(0);
    expect(paceOf(limit(3000)).block).toBeGreaterThan(0);
    const { block, backgroundBurst } = paceOf(limit(1_000_000));
    expect(block).toBeLessThanOrEqual(backgroundBurst / 4);
  });

  it('is none where the vendor has no limit', () => {
    expect(paceOf(limit(null))).toMatchObject({ gap: 0, block: 0 });
  });
});
