// The user guide, as it lies in the site: whole, in both languages, for everybody, with no script and nothing from elsewhere. And the
// pictures of README and guide, which are made here: `HEADLIGHT_PICTURES=write` takes today's over.

import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import { faults, isGrave, withAxe } from './axe.mjs';
import { FOLDER, FOLDERS as LANGUAGES, shots } from './guide-pictures.mjs';
import { at, SLOW } from './page.mjs';
import { DIST, serve } from './server.mjs';
import { browser, server } from './site.mjs';

const SOURCE = new URL('../../docs/guide/', import.meta.url);
/** The most bytes of a picture, and of all together. */
const LARGEST = 150_000;
const ALL = 2_000_000;

const source = async (language) => (await readdir(new URL(`${language}/src/`, SOURCE))).filter((name) => name !== 'SUMMARY.md');
const written = async (path) => readFile(join(DIST, 'guide', path), 'utf8');
const json = async (path) => JSON.parse(await readFile(new URL(`../../${path}`, import.meta.url), 'utf8'));
const ids = (html) => new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));

/** Every page of the guide, by its path in it. */
async function pages() {
  const all = new Map();
  for (const [language, folder] of Object.entries(LANGUAGES)) {
    for (const name of await source(language)) {
      const path = folder + name.replace(/\.md$/, '.html');
      all.set(path, await written(path));
    }
  }
  return all;
}

test('every chapter is there, and every link and picture leads somewhere', async () => {
  const all = await pages();
  assert.ok(all.size > 50, `${all.size} pages`);
  for (const [path, html] of all) {
    const [{ lang }] = [...html.matchAll(/<html lang="(?<lang>[^"]+)"/g)].map(({ groups }) => groups);
    assert.equal(lang, path.startsWith('zh/') ? 'zh-Hans' : 'en', path);
    assert.match(html, /Content-Security-Policy" content="default-src 'none'; style-src 'self'; img-src 'self'/, path);
    assert.doesNotMatch(html, /<script|<style|<iframe|<input| style=| on\w+="|\{\{/, path);
    assert.equal(html.match(/aria-current="page"/g)?.length, 1, `${path} is marked once in the list of chapters`);
    for (const [, address] of html.matchAll(/ (?:href|src)="([^"]*)"/g)) {
      assert.doesNotMatch(address, /^[a-z]+:|^\/|\.md/, `${path}: ${address}`);
      const url = new URL(address, `http://site/guide/${path}`);
      const target = url.pathname.slice(1);
      const name = target.replace(/^guide\//, '');
      if (all.has(name)) {
        const anchor = decodeURIComponent(url.hash.slice(1));
        assert.ok(anchor === '' || ids(all.get(name)).has(anchor), `${path}: ${address} has no such section`);
      } else {
        assert.ok((await stat(join(DIST, target)).catch(() => null))?.isFile(), `${path}: ${address} is not there`);
      }
    }
  }
});

test('all that the page offers has a section, in both languages', SLOW, async () => {
  const all = await pages();
  const names = Object.keys(await json('web/page/locales/en/names.json'));
  // Methods and measures have names of their own, parameters and options a group.
  const offered = names.map((key) => key.split('.')).filter((parts) => parts.length === 2).map(([, name]) => name);
  const { rows } = await json('docs/methods/table.json');
  for (const { method } of rows.filter(({ method }) => method !== 'random')) assert.ok(offered.includes(method), method);
  for (const [language, folder] of Object.entries(LANGUAGES)) {
    const html = [...all].filter(([path]) => path.startsWith('zh/') === (folder !== '')).map(([, html]) => html).join('\n');
    const sections = ids(html);
    const headings = new Set([...html.matchAll(/<h[12][^>]*><a [^>]*>(.*?)<\/a>/g)].map(([, text]) => text));
    for (const name of offered) assert.ok(sections.has(name), `${language}: ${name}`);
    const page = await browser.open(`${server.url}?lang=${language}`);
    await page.waitForSelector(at('history'));
    if (language === 'zh') await page.waitForFunction(() => document.documentElement.lang.startsWith('zh'));
    const panels = await page.$$eval('.sheet .panel', (all) => all.map((panel) => panel.querySelector('h2')?.innerText).filter(Boolean));
    assert.ok(panels.length >= 7, panels.join(', '));
    // The candidates are called after the task.
    const answer = await page.$eval('.answer-panel h2', (title) => title.innerText).catch(() => '');
    for (const title of panels.filter((title) => title !== answer)) assert.ok(headings.has(title), `${language}: “${title}” is no heading`);
    for (const task of await page.$$eval(`${at('task')} [data-task]`, (all) => all.map(({ dataset }) => dataset.task))) {
      assert.ok(sections.has(`task_${task}`), `${language}: ${task}`);
    }
    await page.context().close();
  }
});

test('the guide is read without a script or a stranger, on a desk and on a phone, light and dark', SLOW, async () => {
  const page = await browser.open(undefined, { colorScheme: 'light' });
  const strangers = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url)) strangers.push(request.url());
  });
  await withAxe(page);
  for (const path of ['index.html', 'methods-leaving-out.html', 'command-line.html', 'zh/attention.html', 'zh/glossary.html', 'keyboard.html']) {
    await page.goto(`${server.url}guide/${path}`);
    for (const width of [1280, 360]) {
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        const found = (await faults(page)).filter(isGrave);
        assert.equal(found.length, 0, `${path}, ${width} pixels, ${colorScheme}: ${JSON.stringify(found, null, 1)}`);
        const ground = await page.evaluate(() => Number(getComputedStyle(document.body).backgroundColor.match(/\d+/)[0]));
        assert.equal(ground < 128, colorScheme === 'dark');
      }
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${path} is ${wide} pixels too wide at ${width}`);
    }
    const broken = await page.$$eval('img', (all) => all.filter((image) => image.naturalWidth === 0).map(({ src }) => src));
    assert.deepEqual(broken, []);
  }
  // To the other language and back, chapter for chapter.
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.goto(`${server.url}guide/honesty.html`);
  await page.click('header a[lang="zh-Hans"]');
  assert.ok(page.url().endsWith('/guide/zh/honesty.html'), page.url());
  await page.click('header a[lang="en"]');
  assert.ok(page.url().endsWith('/guide/honesty.html'), page.url());
  // A formula is one, and not a row of letters.
  assert.ok(await page.$eval('.formula mfrac', (fraction) => fraction.getBoundingClientRect().height > 20));
  assert.deepEqual([strangers, page.complaints], [[], []]);
  await page.context().close();
});

test('the page leads to the guide in its language', SLOW, async () => {
  for (const [language, folder] of Object.entries(LANGUAGES)) {
    const page = await browser.open(`${server.url}?lang=${language}`);
    if (language === 'zh') await page.waitForFunction(() => document.documentElement.lang.startsWith('zh'));
    const [guide] = await Promise.all([page.waitForEvent('popup'), page.click(at('guide'))]);
    await guide.waitForLoadState();
    assert.equal(guide.url(), `${server.url}guide/${folder}index.html`);
    await page.click(at('help'));
    assert.equal(await page.getAttribute(at('open-guide'), 'href'), `guide/${folder}index.html`);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
});

test('the guide is kept with the page, and read with the server gone', SLOW, async () => {
  const other = await serve();
  const page = await browser.open(other.url, { serviceWorkers: 'allow' });
  await page.click(at('keep-offline'));
  await page.waitForSelector(`${at('offline')}[data-state="yes"]`, { timeout: 120_000 });
  const address = other.url;
  await other.close();
  for (const path of ['methods.html', 'zh/index.html']) {
    await page.goto(`${address}guide/${path}`);
    assert.ok((await page.innerText('h1')).length > 0);
    assert.ok(await page.$eval('main img', (image) => image.complete && image.naturalWidth > 0), `${path} has its picture`);
  }
  await page.context().close();
});

test('the pictures of README and guide are what the page shows, in both languages', { timeout: 600_000 }, async () => {
  const made = await shots(browser, server);
  const files = await readdir(FOLDER, { recursive: true });
  const committed = files.filter((name) => name.endsWith('.png')).map((name) => name.replace('.png', ''));
  if (process.env.HEADLIGHT_PICTURES === 'write') {
    for (const [name, { png }] of made) await writeFile(new URL(`${name}.png`, FOLDER), png);
  } else {
    assert.deepEqual([...made.keys()].sort(), committed.sort());
  }
  let all = 0;
  for (const [name, { png, width, height, data }] of made) {
    assert.ok(png.length < LARGEST, `${name} has ${png.length} bytes`);
    // Not blank: no colour has nearly all of it, and there are many.
    const counts = new Map();
    for (let pixel = 0; pixel < data.length; pixel += 4) {
      const colour = data.readUIntBE(pixel, 3);
      counts.set(colour, (counts.get(colour) ?? 0) + 1);
    }
    const most = Math.max(...counts.values()) / (width * height);
    assert.ok(counts.size > 40 && most < 0.95, `${name} has ${counts.size} colours, and ${most.toFixed(2)} of it has the same`);
    // Fonts differ from machine to machine, and with them how high a text is.
    const stored = await readFile(new URL(`${name}.png`, FOLDER));
    const [wide, high] = [stored.readUInt32BE(16), stored.readUInt32BE(20)];
    assert.ok(Math.abs(width / wide - 1) < 0.05 && Math.abs(height / high - 1) < 0.25,
      `${name} is ${width} × ${height}, the committed one ${wide} × ${high}`);
    all += png.length;
    console.log(`${name}: ${width} × ${height}, ${png.length} bytes, ${counts.size} colours`);
  }
  assert.ok(all < ALL, `all pictures have ${all} bytes`);
  const dark = ({ data }) => data[0] < 128;
  assert.deepEqual([dark(made.get('page')), dark(made.get('page-dark'))], [false, true]);
});
