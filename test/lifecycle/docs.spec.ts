import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Sandbox } from '../../src/vendors/kit/sandbox';
import { VENDORS } from '../../src/vendors/registry';
import { startSandbox } from '../contract/vendors';
import { openChromium, whyNoChromium, type Browser } from '../support/chromium';
import { freshDatabase, type FreshDatabase } from '../support/database';
import { addressOf, eventually, killLeftovers, launch, SERVICE } from '../support/process';
import { completeEnv, connect, latestSync, makeTenant } from './gateway';

const [VENDOR] = [...VENDORS.keys()].sort();
/** A folder to put pictures of the page into, for people to look at. */
const PICTURES = process.env['DOCS_PICTURES'];
const cwd = realpathSync(mkdtempSync(join(tmpdir(), 'gateway-docs-')));

let database: FreshDatabase;
let vendor: Sandbox;
let browser: Browser;
let url: string;
let key: string;

async function picture(name: string): Promise<void> {
  if (PICTURES) await browser.page.screenshot({ path: join(PICTURES, `${name}.png`) });
}

(whyNoChromium === null ? describe : describe.skip)(
  `Swagger UI in a browser${whyNoChromium === null ? '' : ` (SKIPPED: ${whyNoChromium})`}`,
  () => {
    beforeAll(async () => {
      [database, vendor] = await Promise.all([
        freshDatabase(),
        startSandbox(VENDOR!, { clients: 8, appointments: 20 }),
      ]);
      const env = { ...completeEnv(database.url), VENDOR_HOST_ALLOWLIST: new URL(vendor.baseUrl).host };
      url = await addressOf(launch({ script: SERVICE, cwd, env }));
      ({ key } = await makeTenant(url));
      const connection = await connect(url, key, vendor);
      await eventually('there is something to see', async () =>
        ['succeeded', 'partial'].includes((await latestSync(url, key, connection)) ?? ''),
      );
      browser = await openChromium();
    }, 60_000);

    afterAll(async () => {
      await browser.close();
      killLeftovers();
      await vendor.close();
      await database.drop();
      rmSync(cwd, { recursive: true, force: true });
    });

    it('a stranger authorizes with a key, tries an operation out, and sees records', async () => {
      const { page } = browser;
      await page.goto(`${url}/docs`);
      await page.locator('.opblock').first().waitFor();
      await picture('1-overview');

      await page.locator('.auth-wrapper .btn.authorize').first().click();
      await page.locator('.modal-ux input').fill(key);
      await page.locator('.modal-ux .btn.modal-btn.authorize').click();
      await picture('2-authorized');
      await page.locator('.modal-ux .btn-done').click();

      const operation = page.locator('.opblock-get', { has: page.locator('[data-path="/v1/appointments"]') });
      await operation.locator('.opblock-summary-control').click();
      // Whether it must be pressed first is a setting of the page.
      const tryOut = operation.locator('.try-out__btn:not(.cancel)');
      if (await tryOut.isVisible()) await tryOut.click();
      await operation.locator('.btn.execute').waitFor();
      await operation.scrollIntoViewIfNeeded();
      await picture('3-operation');
      await operation.locator('.btn.execute').click();

      const live = operation.locator('.live-responses-table');
      await live.waitFor();
      expect(await live.locator('.response-col_status').last().innerText()).toMatch(/^200/);
      const body = JSON.parse(await live.locator('.response-col_description pre').first().innerText()) as {
        data: { vendor: string; id: string }[];
      };
      expect(body.data.length).toBeGreaterThan(0);
      expect(new Set(body.data.map((one) => one.vendor))).toEqual(new Set([VENDOR]));
      await live.scrollIntoViewIfNeeded();
      await picture('4-answer');
    }, 60_000);

    it('the page still knows the key after it was loaded again', async () => {
      await browser.page.reload();
      await browser.page.locator('.auth-wrapper .btn.authorize.locked').waitFor();
    });

    it('the browser had nothing to complain of, and asked nobody but this machine', () => {
      expect(browser.complaints).toEqual([]);
      expect(browser.strangers).toEqual([]);
    });
  },
);
