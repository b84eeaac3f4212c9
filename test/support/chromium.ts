import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

const PATH = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** Why there is no browser to test with, or null where there is one. */
export const whyNoChromium = existsSync(PATH)
  ? null
  : `there is no Chromium at ${PATH}: apt-get install chromium, or set CHROMIUM_PATH`;

/** A page of a browser that has never been used, and what it did that it should not. */
export interface Browser {
  readonly page: Page;
  /** Errors in the console, exceptions, and requests that failed. */
  readonly complaints: readonly string[];
  /** What the page wanted from beyond this machine; neither that nor what the browser itself asks for got there. */
  readonly strangers: readonly string[];
  close(): Promise<void>;
}

/** Every way out of the machine leads here, and ends here. Loopback addresses go past it. */
async function deadEnd(): Promise<{ url: string; close: () => void }> {
  const server = createServer((_request, response) => {
    response.writeHead(403).end();
  }).on('connect', (_request, socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Starts Chromium with an empty profile. */
export async function openChromium(): Promise<Browser> {
  const [strangers, complaints]: [string[], string[]] = [[], []];
  const exit = await deadEnd();
  const profile = mkdtempSync(join(tmpdir(), 'gateway-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: PATH,
    args: [...FLAGS, `--proxy-server=${exit.url}`],
    viewport: { width: 1280, height: 1600 },
  });
  const page = context.pages()[0] ?? (await context.newPage());
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol !== 'data:' && !LOOPBACK.has(hostname)) strangers.push(request.url());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) =>
    complaints.push(`${request.url()}: ${request.failure()?.errorText ?? ''}`),
  );
  return {
    page,
    complaints,
    strangers,
    close: async () => {
      await context.close();
      exit.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
