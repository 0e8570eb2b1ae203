// What the tests of the page share: where things are on it, and what to wait for.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

/** The file of SmolLM2's weights, below the site. */
export const WEIGHTS = 'models/smollm2/model.gguf';

/** For tests that load a model. */
export const SLOW = { timeout: 300_000 };

/** PyTorch's values for one text. */
export const golden = async (model, name) =>
  JSON.parse(await readFile(new URL(`../golden/${model}/${name}.json`, import.meta.url), 'utf8'));

/** The selector of a part of the page. */
export const at = (id) => `[data-testid="${id}"]`;

/** The selector of the status line in a state. */
export const status = (state) => `${at('status')}[data-state="${state}"]`;

/** Waits until the answer to what the page shows is there. */
export async function done(page, text) {
  await page.waitForFunction(
    (text) => {
      const state = document.querySelector('[data-testid="status"]')?.dataset.state;
      if (state === 'error') throw new Error(document.querySelector('[data-testid="status"]').innerText);
      const shown = document.querySelector('[data-testid="tokens"]')?.textContent ?? '';
      return state === 'done' && (text === undefined || shown.replaceAll('\u200b', '').includes(text));
    },
    text,
    { timeout: 240_000, polling: 100 },
  );
}

/** Opens the page with the sentiment classifier and a text. */
export async function onSentiment(browser, server, text, { device = 'cpu', read = 'prob' } = {}) {
  const page = await browser.open(`${server.url}?device=${device}`);
  await page.waitForSelector(`${at('model-select')} option[value="sentiment"]`, { state: 'attached' });
  await page.selectOption(at('model-select'), 'sentiment');
  await page.fill(at('text'), text);
  await page.waitForTimeout(600);
  await done(page);
  await page.selectOption(at('read'), read);
  await page.waitForTimeout(100);
  await done(page);
  return page;
}

/** Asks why positive rather than negative. */
export async function contrast(page) {
  await page.click(`${at('candidates')} button.bar-row[data-id="1"]`);
  await page.waitForTimeout(100);
  await done(page);
  await page.click(`${at('candidates')} button.versus[data-versus="0"]`);
  await page.waitForTimeout(100);
  await done(page);
}

/** Opens a link in a browser that has no model yet, and says that it may be run. */
export async function follow(browser, link) {
  const page = await browser.open(link);
  await page.click(at('opened-run'));
  return page;
}

/** Saves something by the dialog that a button opens, and gives the file's name and bytes. */
export async function saved(page, button, opener = 'save') {
  await page.locator(at(opener)).first().click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(`${at('save-dialog')} ${at(button)}`)]);
  await page.click(at('save-close'));
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

/** The document that is saved as JSON. */
export async function exported(page) {
  return JSON.parse((await saved(page, 'export')).bytes.toString('utf8'));
}

/** The values of one method in a document. */
export function attribution(document, method) {
  const found = document.attributions.find((one) => one.method === method);
  assert.ok(found, `the document has ${method}`);
  return found.values;
}
