// The page without a network: kept whole by its service worker once a model was loaded, opened and used with the server gone, and
// changed for a new version when a reader wants that, never in part.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { launch } from './browser.mjs';
import { at, done, exported, SLOW } from './page.mjs';
import { DIST, serve } from './server.mjs';

/** A model of a few megabytes. */
const MODEL = 'sentiment';
const TEXT = 'A warm and funny film.';

let browser;
let server;
let site;

before(async () => {
  browser = await launch();
});

afterEach(async () => {
  await server?.close();
  if (site) await rm(site, { recursive: true });
  [server, site] = [undefined, undefined];
});

after(() => browser?.close());

/** A copy of the site that a test may change; models are where they were. */
async function copied() {
  site = await mkdtemp(join(tmpdir(), 'headlight-offline-'));
  for (const name of await readdir(DIST)) {
    if (name === 'models') await symlink(join(DIST, name), join(site, name));
    else await cp(join(DIST, name), join(site, name), { recursive: true });
  }
  server = await serve({ root: site });
}

/** Puts another version of the site in place of the first, as a build would. */
async function release(mark) {
  const page = join(site, 'index.html');
  const before = await readFile(page, 'utf8');
  const version = before.match(/name="headlight-version" content="([^"]+)"/)[1];
  const next = `${version.split(' ')[0]} ${mark}`;
  await writeFile(page, before.replaceAll(version, next).replace('<title>Headlight', `<title>Headlight ${mark}`));
  const worker = join(site, 'service-worker.js');
  const hash = createHash('sha256').update(await readFile(page)).digest('hex').slice(0, 16);
  const code = (await readFile(worker, 'utf8')).replace(version, next).replace(/\["index\.html", '\w+'\]/, `["index.html", '${hash}']`);
  await writeFile(worker, code);
  return next;
}

const state = (page, wanted) => page.waitForSelector(`${at('offline')}[data-state="${wanted}"]`, { timeout: 120_000 });
const open = () => browser.open(`${server.url}?device=cpu`, { serviceWorkers: 'allow' });

/** Answers a text with a real model on the CPU. */
async function explain(page, text) {
  await page.waitForSelector(`${at('model-select')} option[value="${MODEL}"]`, { state: 'attached' });
  await page.selectOption(at('model-select'), MODEL);
  await page.fill(at('text'), text);
  await page.waitForTimeout(600);
  await done(page, text);
}

test('once a model was loaded the page is kept, and opens and explains with the server gone', SLOW, async () => {
  await copied();
  const page = await open();
  await state(page, 'off');
  assert.match(await page.innerText(at('version')), /^Version \d+\.\d+\.\d+ [0-9a-f]{8}\.$/);
  assert.equal(server.requests('service-worker.js'), 0, 'who only looks fetches nothing more');
  await explain(page, TEXT);
  await state(page, 'yes');
  // Models are kept once, by the engine.
  const kept = await page.evaluate(async () => {
    const names = await caches.keys();
    const all = await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => url)));
    return all.flat();
  });
  assert.ok(kept.some((url) => url.endsWith('/index.html')) && kept.some((url) => url.endsWith('_bg.wasm')), kept.join('\n'));
  assert.deepEqual(kept.filter((url) => url.includes('/models/') && !url.endsWith('manifest.json')), []);

  await server.close();
  await page.reload();
  await page.waitForSelector(`${at('tokens')} [data-value]`);
  await explain(page, `${TEXT} Really.`);
  const document = await exported(page);
  assert.equal(document.input.text, `${TEXT} Really.`);
  assert.equal(document.model.id, MODEL);
  assert.equal(await page.getAttribute(at('offline'), 'data-state'), 'yes');
  await page.context().close();
  server = undefined;
});

test('a new version waits to be asked for, keeps the text, and is never mixed with the old one', SLOW, async () => {
  await copied();
  const page = await open();
  await page.click(at('keep-offline'));
  await state(page, 'yes');
  const first = await page.innerText(at('version'));
  const next = await release('deadbeef');
  // The old page still opens, though the server has the new one, and hears of it.
  await page.reload();
  assert.equal(await page.innerText(at('version')), first);
  assert.equal(await page.title(), 'Headlight');
  await state(page, 'outdated');
  await page.waitForSelector(at('new-version'));
  await page.fill(at('text'), 'What I was about to ask');
  await page.click(at('take-new-version'));
  await page.waitForFunction((next) => document.querySelector('[data-testid="version"]')?.innerText.includes(next), next);
  assert.equal(await page.title(), 'Headlight deadbeef');
  assert.equal(await page.inputValue(at('text')), 'What I was about to ask');
  await state(page, 'yes');
  const caches = await page.evaluate(() => caches.keys());
  assert.equal(caches.length, 1, `the old version is gone: ${caches}`);
  await page.context().close();
});

test('a site that is being copied, an error and a foreign answer are not kept', SLOW, async () => {
  await copied();
  const page = await open();
  await state(page, 'off');
  // One file is of another version than the list says.
  const styles = (await readdir(site)).find((name) => name.startsWith('base-'));
  const right = await readFile(join(site, styles));
  await writeFile(join(site, styles), 'body { color: red }');
  await page.click(at('keep-offline'));
  await state(page, 'failed');
  assert.deepEqual(await page.evaluate(() => caches.keys()), []);
  await writeFile(join(site, styles), right);
  server.fail(styles, { times: 1, status: 500 });
  // It is over too soon for who only looks now and then.
  await page.evaluate((selector) => {
    const states = [document.querySelector(selector).dataset.state];
    globalThis.states = states;
    new MutationObserver(() => {
      const now = document.querySelector(selector)?.dataset.state;
      if (now !== states.at(-1)) states.push(now);
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
  }, at('offline'));
  await page.click(at('keep-offline'));
  await page.waitForFunction(() => globalThis.states.join() === 'failed,pending,failed', undefined, { timeout: 120_000 });
  assert.deepEqual(await page.evaluate(() => caches.keys()), []);
  await page.click(at('keep-offline'));
  await state(page, 'yes');
  // What the site does not have goes to the server, and its refusal is not kept.
  assert.equal(await page.evaluate(() => fetch('nothing.json').then(({ status }) => status)), 404);
  await page.reload();
  await state(page, 'yes');
  server.resetCounts();
  assert.equal(await page.evaluate(() => fetch('nothing.json').then(({ status }) => status)), 404);
  assert.equal(server.requests('nothing.json'), 1);
  assert.equal(await page.evaluate(() => fetch('texts.json?x=1').then(({ status }) => status)), 200);
  assert.equal(server.requests('texts.json'), 0);
  await page.context().close();
});
