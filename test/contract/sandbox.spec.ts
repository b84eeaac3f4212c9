import { inspect } from 'node:util';
import type { ResourceName } from '../../src/canonical/index';
import type { RemoteRef } from '../../src/canonical/ids';
import type { ListQuery, Page, Port, Seen } from '../../src/vendors/contract';
import { VendorError } from '../../src/vendors/kit/error';
import type { Fault, Sandbox } from '../../src/vendors/kit/sandbox';
import { openAdapter, type OpenAdapter } from '../support/adapter';
import { FOR_GOOD } from '../support/clinics';
import { formsOf } from '../support/secrets';
import { CASES, startSandbox } from './vendors';

const SIZE = { clients: 250, appointments: 1200 };
const DAY = 24 * 60 * 60 * 1000;
/** As often as a call is tried. */
const TRIES = 3;

const everything = (resumeAt: string | null = null): ListQuery => ({
  window: {
    from: new Date(Date.now() - 90 * DAY).toISOString(),
    to: new Date(Date.now() + 365 * DAY).toISOString(),
  },
  updatedSince: null,
  resumeAt,
});

const nameOf = ({ id, scope }: RemoteRef): string => `${scope}/${id}`;
const namesIn = (pages: readonly Page<ResourceName>[]): string[] =>
  pages.flatMap(({ items }) => items.map(({ ref }) => nameOf(ref)));

async function pagesOf(list: AsyncIterable<Page<ResourceName>>): Promise<Page<ResourceName>[]> {
  const pages: Page<ResourceName>[] = [];
  for await (const page of list) pages.push(page);
  return pages;
}

/** Another value of the same form: its first letter or digit is the next one. */
const spoilt = (secret: string): string =>
  secret.replace(
    /[a-z0-9]/i,
    (first) => ({ z: 'a', Z: 'A', '9': '0' })[first] ?? String.fromCharCode(first.charCodeAt(0) + 1),
  );

/** An id of the same form that no record has; the story sees to it that none does. */
const absent = ({ id, scope }: RemoteRef): RemoteRef => ({
  id: /^\d+$/.test(id) ? '9'.repeat(Math.max(id.length, 9)) : id.replace(/\d/g, '9'),
  scope,
});

describe.each(CASES)('$name against its sandbox', ({ name, vendor }) => {
  const resources = Object.keys(vendor.capabilities) as ResourceName[];
  const first = resources[0]!;
  let sandbox: Sandbox;
  let adapter: OpenAdapter;
  /** All that the adapter said in one story: its errors and its reports. */
  let said: unknown[];
  let opened: OpenAdapter[];

  const open = (credentials: object = {}): OpenAdapter => {
    const one = openAdapter(vendor, sandbox, { credentials });
    opened.push(one);
    return one;
  };
  const portOf = <R extends ResourceName>(resource: R): Port<R> => adapter.ports[resource] as Port<R>;
  const list = (resource: ResourceName, resumeAt: string | null = null): Promise<Page<ResourceName>[]> =>
    pagesOf(portOf(resource).list(everything(resumeAt)));

  /** The error that an adapter gives back; anything else than a VendorError fails the story. */
  const failure = async (call: Promise<unknown>): Promise<VendorError> => {
    const error = await call.then(
      () => new Error('the call succeeded'),
      (reason: unknown) => reason,
    );
    said.push(error);
    if (!(error instanceof VendorError)) throw error;
    return error;
  };
  /** How the calls since then were answered. */
  const statusesOf = ({ calls }: OpenAdapter): (number | null)[] => calls.map(({ status }) => status);

  beforeAll(async () => {
    sandbox = await startSandbox(name, SIZE);
  });
  afterAll(() => sandbox.close());
  beforeEach(() => {
    said = [];
    opened = [];
    adapter = open();
  });
  afterEach(() => {
    sandbox.heal();
    const heard = inspect([said, opened.map(({ calls }) => calls)], { depth: null, showHidden: true });
    const secrets = Object.values(sandbox.credentials).filter((value) => typeof value === 'string');
    for (const secret of secrets) {
      for (const form of formsOf(secret)) expect(heard).not.toContain(form);
    }
  });

  it('tells whose credentials they are', async () => {
    const { account } = await vendor.check(adapter.http, adapter.settings);
    expect(account ?? 'the vendor does not tell').toMatch(/\S/);
  });

  describe.each(resources)('%s', (resource) => {
    let pages: Page<ResourceName>[] = [];
    let items: Seen<ResourceName>[];

    beforeEach(async () => {
      // Read once: what follows only looks at it.
      if (pages.length === 0) pages = await list(resource);
      items = pages.flatMap((page) => page.items);
    });

    it('come in pages, each record once, none set aside', () => {
      expect(items.length).toBeGreaterThan(0);
      expect(items.filter(({ ref }) => ref.id.trim() === '')).toEqual([]);
      expect(new Set(namesIn(pages)).size).toBe(items.length);
      expect(pages.flatMap(({ setAside }) => setAside)).toEqual([]);
      expect(pages.map(({ next }) => next === null)).toEqual(pages.map((_, i) => i === pages.length - 1));
    });

    it('go on where a page ended', async () => {
      const middle = Math.floor((pages.length - 1) / 2);
      const { next } = pages[middle]!;
      const rest = next === null ? [] : await list(resource, next);
      expect(namesIn(rest)).toEqual(namesIn(pages.slice(middle + 1)));
    });

    if (!vendor.capabilities[resource]!.operations.includes('get')) return;

    it('are the same one by one', async () => {
      for (const item of [items[0]!, items[items.length >> 1]!, items.at(-1)!]) {
        const got = await portOf(resource).get(item.ref);
        expect(got).toMatchObject({ ref: item.ref, record: item.record });
      }
    });

    it('are null where there is none', async () => {
      const missing = absent(items[0]!.ref);
      expect(items.map(({ ref }) => nameOf(ref))).not.toContain(nameOf(missing));
      expect(await portOf(resource).get(missing)).toBeNull();
    });
  });

  it('has a list of several pages, so that resuming was seen', async () => {
    const lengths = await Promise.all(resources.map(async (resource) => (await list(resource)).length));
    expect(Math.max(...lengths)).toBeGreaterThan(1);
  });

  it('refuses with `auth` when any credential is wrong', async () => {
    const given = Object.entries(sandbox.credentials).filter(([, value]) => typeof value === 'string');
    expect(given).not.toEqual([]);
    for (const [field, value] of given) {
      const wrong = open({ [field]: spoilt(value as string) });
      const error = await failure(vendor.check(wrong.http, wrong.settings));
      expect([field, error.kind]).toEqual([field, 'auth']);
    }
  });

  it('waits as long as a 429 asks, then goes on', async () => {
    sandbox.fail({ fault: { kind: 'status', status: 429, headers: { 'retry-after': '1' } } });
    const started = performance.now();
    expect(await list(first)).not.toEqual([]);
    expect(performance.now() - started).toBeGreaterThan(1000);
    expect(statusesOf(adapter)).toContain(429);
  });

  it('tries three times at most when the vendor fails', async () => {
    await vendor.check(adapter.http, adapter.settings);
    const before = adapter.calls.length;
    sandbox.fail({ fault: { kind: 'status', status: 500 }, times: FOR_GOOD });
    const { kind, at } = await failure(list(first));
    expect([kind, at.status]).toEqual(['vendor_error', 500]);
    expect(statusesOf(adapter).slice(before)).toEqual(Array(TRIES).fill(500));
  });

  it('tries again after a lost connection', async () => {
    await vendor.check(adapter.http, adapter.settings);
    sandbox.fail({ fault: { kind: 'reset' } });
    expect(await list(first)).not.toEqual([]);
    expect(statusesOf(adapter)).toContain(null);
  });

  it.each<Fault['kind'] & ('truncated' | 'html' | 'malformed')>(['truncated', 'html', 'malformed'])(
    'takes a %s answer for no answer',
    async (kind) => {
      await vendor.check(adapter.http, adapter.settings);
      sandbox.fail({ fault: { kind } });
      expect(await list(first)).not.toEqual([]);
      sandbox.fail({ fault: { kind }, times: FOR_GOOD });
      expect((await failure(list(first))).kind).toBe('invalid_response');
    },
  );
});
