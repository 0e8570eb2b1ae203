// A visitor's own model: out of a repository, out of files, out of what the browser keeps, and out of a link.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { launch } from './browser.mjs';
import { golden, hub as startHub } from './hub.mjs';
import { greatest, relative } from './numbers.mjs';
import { at, attribution, done, exported, SLOW } from './page.mjs';
import { serve } from './server.mjs';

const CHOSEN = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'model.safetensors'];
const SECRET = 'hf_this_must_not_be_seen';

let server;
let hub;
let browser;
let expected;

before(async () => {
  [server, hub, expected] = [await serve(), await startHub(), await golden()];
  browser = await launch();
});

afterEach(() => hub.heal());

after(async () => {
  await browser?.close();
  await hub?.close();
  await server?.close();
});

const whole = () => CHOSEN.reduce((sum, name) => sum + hub.content(name).length, 0);
const fixture = (name) => fileURLToPath(new URL(`./fixtures/tiny-bert/${name}`, import.meta.url));

async function opened() {
  const page = await browser.open(`${server.url}?device=cpu`);
  await page.waitForSelector(`${at('model-select')} option[value="minilm"]`, { state: 'attached' });
  await page.click(at('own-model'));
  return page;
}

async function look(page, id, token) {
  await page.fill(at('own-id'), id);
  if (token) await page.fill(at('own-token'), token);
  if (!(await page.isVisible(at('own-base')))) await page.click(at('own-more'));
  await page.fill(at('own-base'), hub.url);
  await page.click(at('own-look'));
}

/** Asks the stored question on the page, and holds the answer against PyTorch's. */
async function right(page) {
  const { text, second_text, target, attention } = expected;
  await page.fill(at('text'), text);
  await page.fill(at('second-text'), second_text);
  await page.waitForTimeout(600);
  await done(page);
  const document = await exported(page);
  assert.deepEqual([document.input.text, document.input.second_text], [text, second_text]);
  assert.ok(Math.abs(document.target.value - target.value) < 1e-4);
  assert.ok(relative(attribution(document, 'grad_x_input'), target.grad_x_input) < 1e-3);
  assert.ok(greatest(document.attention[0].values, attention.values) < 1e-4);
  return document;
}

const option = (page) => page.locator(`${at('model-select')} option:checked`).innerText();

test('a repository is looked up, loaded, explained, opened from the cache after a reload, and deleted', SLOW, async () => {
  const page = await opened();
  await look(page, 'tiny/bert', SECRET);
  await page.waitForSelector(at('own-load'));
  assert.equal(await page.getAttribute(at('own-total'), 'data-bytes'), String(whole()));
  assert.equal(await page.getAttribute(at('own-total'), 'data-cached'), '0');
  assert.match(await page.innerText(at('own-total')), /^mit · /);
  const list = await page.innerText(at('own-list'));
  assert.ok(CHOSEN.every((name) => list.includes(name)), list);
  assert.equal(hub.downloads().length, 0, 'looking fetches nothing');
  await page.click(at('own-load'));
  await page.waitForSelector(`${at('model-state')}[data-state="ready"]`);
  assert.match(await option(page), /bert/);
  assert.equal(await page.isVisible(at('own-dialog')), false);
  await right(page);
  const link = page.url();
  const remembered = await page.evaluate(() => JSON.stringify({ ...localStorage }) + location.href);
  assert.ok(!remembered.includes(SECRET));
  assert.ok(remembered.includes(hub.url), 'another hub is remembered');

  hub.heal();
  await page.reload();
  await done(page);
  assert.match(await option(page), /bert/);
  await right(page);
  assert.equal(hub.asked.length, 0, 'the cache alone answers');

  await page.click(at('own-model'));
  const row = page.locator(`${at('kept')} li[data-model="tiny/bert"]`);
  assert.match(await row.innerText(), /last used/);
  await row.locator(at('kept-open')).click();
  await page.waitForSelector(at('own-dialog'), { state: 'hidden' });
  await page.click(at('own-model'));
  await row.locator(at('kept-delete')).click();
  await page.waitForSelector(at('kept-none'));
  assert.deepEqual(page.complaints, []);

  // A link to what is not here asks first, and looks nowhere before.
  const other = await browser.open(undefined, { context: page.context() });
  await other.goto(link);
  await other.waitForSelector(at('own-invited'));
  assert.match(await other.innerText(at('own-invited')), /tiny\/bert/);
  assert.equal(await other.inputValue(at('own-id')), 'tiny/bert');
  assert.equal(hub.asked.length, 0);
  await other.click(at('own-look'));
  await other.click(at('own-load'));
  await done(other);
  const document = await exported(other);
  assert.equal(document.input.text, expected.text);
  assert.ok(Math.abs(document.target.value - expected.target.value) < 1e-4);
  assert.deepEqual(other.complaints, []);
  await page.context().close();
});

test('a refusal is a sentence, and a large model is asked about', SLOW, async () => {
  const page = await opened();
  await look(page, 'tiny/nothing');
  await page.waitForSelector(at('own-refused'));
  assert.match(await page.innerText(at('own-refused')), /tiny\/nothing.*\.$/s);
  await look(page, 'no repository');
  await page.waitForFunction((old) => !document.querySelector('[data-testid="own-refused"]')?.textContent.includes(old), 'nothing');
  hub.faults.lie = 400_000_000;
  await look(page, 'tiny/bert');
  await page.click(at('own-load'));
  assert.match(await page.innerText(at('own-ask')), /400 MB/);
  assert.equal(hub.downloads().length, 0);
  await page.click(at('own-no'));
  await page.waitForSelector(at('own-load'));
  await page.keyboard.press('Escape');
  await page.waitForSelector(at('own-dialog'), { state: 'hidden' });
  await page.context().close();
});

test('chosen files and dropped files are a model; what they lack is said', SLOW, async () => {
  const page = await opened();
  await page.setInputFiles(at('own-files'), CHOSEN.slice(1).map(fixture));
  assert.match(await page.innerText(at('own-refused')), /no config\.json/);
  await page.setInputFiles(at('own-files'), CHOSEN.map(fixture));
  await page.click(at('own-load'));
  await page.waitForSelector(`${at('model-state')}[data-state="ready"]`);
  await right(page);
  await page.selectOption(at('model-select'), 'minilm');

  const files = CHOSEN.map((name) => [name, hub.content(name).toString('base64')]);
  await page.evaluate((files) => {
    const dataTransfer = new DataTransfer();
    for (const [name, content] of files) {
      dataTransfer.items.add(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], name));
    }
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  }, files);
  await page.click(at('own-load'));
  await page.waitForSelector(`${at('model-state')}[data-state="ready"]`);
  await right(page);
  assert.equal(hub.asked.length, 0);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
