// Starts a real Chromium for the browser tests, with or without WebGPU.

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

import { chromium } from 'playwright-core';

/** What keeps Chromium from talking to anyone but the tests. */
const QUIET = [
  '--no-sandbox',
  '--no-first-run',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** WebGPU on the CPU, for machines without a GPU: right, and slow. */
const SOFTWARE_WEBGPU = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-unsafe-swiftshader',
  // It takes longer over a kernel than a GPU may.
  '--disable-gpu-watchdog',
];

/** The Chromium that the tests use: `HEADLIGHT_CHROMIUM`, or the first on `PATH`. */
export function executablePath() {
  if (process.env.HEADLIGHT_CHROMIUM) return process.env.HEADLIGHT_CHROMIUM;
  const folders = (process.env.PATH ?? '').split(delimiter);
  for (const name of ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']) {
    for (const folder of folders) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // Not here.
      }
    }
  }
  throw new Error('There is no Chromium: install one, or set HEADLIGHT_CHROMIUM to its path.');
}

/**
 * Starts a browser.
 *
 * @param {{ webgpu?: boolean, adapter?: 'own', args?: string[], profile?: string }} [options] whether there is a WebGPU
 *   adapter, simulated; whether the machine's own is to be used; further flags; the folder of a profile that is kept on the disk, which all pages then share
 * @returns {Promise<{
 *   browser: import('playwright-core').Browser | null,
 *   open: (url: string, options?: object) => Promise<Page>,
 *   close: () => Promise<void>,
 * }>}
 */
export async function launch({ webgpu = false, adapter, args = [], profile } = {}) {
  // Without WebGPU means without the interface, whatever the machine has.
  const gpu = webgpu ? SOFTWARE_WEBGPU : adapter === 'own' ? [] : ['--disable-features=WebGPU', '--disable-gpu'];
  const start = { executablePath: executablePath(), args: [...QUIET, ...gpu, ...args] };
  const viewport = { width: 1280, height: 900 };
  // What a service worker keeps would answer in place of the tests' own servers and routes: only tests of it have one.
  const serviceWorkers = 'block';
  const kept = profile && (await chromium.launchPersistentContext(profile, { ...start, viewport, serviceWorkers }));
  const browser = kept ? kept.browser() : await chromium.launch(start);
  return {
    browser,
    /** Opens a page in a fresh profile (pass `context` to share one) and collects what it complains about. */
    async open(url, { context = kept, ...options } = {}) {
      const own = context ?? (await browser.newContext({ viewport, serviceWorkers, ...options }));
      const page = await own.newPage();
      const complaints = collect(page);
      if (url) await page.goto(url, { waitUntil: 'load' });
      return Object.assign(page, { complaints });
    },
    close: () => (kept ?? browser).close(),
  };
}

/** The console errors, uncaught exceptions and failed requests of a page and its workers, in order. */
export function collect(page) {
  const complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push({ kind: 'console', text: message.text() });
  });
  page.on('pageerror', (error) => complaints.push({ kind: 'exception', text: String(error) }));
  page.on('crash', () => complaints.push({ kind: 'crash', text: 'the page crashed' }));
  page.on('requestfailed', (request) => {
    // A page that is left drops the icon that is still on its way; one that is missing is a console error.
    const dropped = request.failure()?.errorText === 'net::ERR_ABORTED' && /\/icon[^/]*\.svg$/.test(request.url());
    if (dropped) return;
    complaints.push({ kind: 'request', text: `${request.url()}: ${request.failure()?.errorText}` });
  });
  return complaints;
}
