// What the model writes on its own, in the page: as transformers' `generate` writes it, stopped half-way, gone on with another
// token, asked about, and drawn with a seed.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { at, done, golden, SLOW } from './page.mjs';
import { browser, server } from './site.mjs';

/** The ids that are written on the page. */
const written = (page) => page.$$eval(`${at('written')} [data-step]`, (all) => all.map((one) => Number(one.dataset.id)));

/** Waits until nothing is being written. */
const rest = (page) => page.waitForSelector(`${at('writing')}[data-running="false"]`, { timeout: 240_000 });

/** Opens the page with a text that SmolLM2 has answered. */
async function open(text) {
  const page = await browser.open(`${server.url}?device=cpu`);
  await page.waitForSelector(`${at('model-select')} option[value="smollm2"]`, { state: 'attached' });
  await page.fill(at('text'), text);
  await page.waitForTimeout(600);
  return page;
}

test('what is written is transformers’, each token can be asked about, and another one taken', SLOW, async () => {
  const { cases } = await golden('generate/smollm2', 'greedy');
  const stored = cases.find(({ name }) => name === 'fact');
  const page = await open(stored.text);
  await page.click(at('write-on'));
  await page.waitForSelector(`${at('written')} [data-step="3"]`, { timeout: 240_000 });
  // It comes token by token, and can be stopped; what is there stays, and is gone on with.
  await page.click(at('stop-writing'));
  await rest(page);
  const before = (await written(page)).length;
  assert.ok(before >= 4 && before < 32, `${before} tokens`);
  await page.click(at('write-on'));
  await page.waitForSelector(`${at('written')} [data-step="${stored.greedy.length}"]`, { timeout: 240_000 });
  await rest(page);
  const ids = await written(page);
  assert.deepEqual(ids.slice(0, stored.greedy.length), stored.greedy);
  const probs = await page.$$eval(`${at('written')} [data-step]`, (all) => all.map((one) => Number(one.dataset.prob)));
  for (const [step, log] of stored.log_probs.entries()) {
    assert.ok(Math.abs(probs[step] - Math.exp(log)) < 1e-3, `step ${step}: ${probs[step]} and ${Math.exp(log)}`);
  }

  // A step has its candidates; another one is taken, and the way that was left can be gone back to.
  await page.click(`${at('written')} [data-step="3"]`);
  const rows = `${at('step')} [data-candidate]`;
  const candidates = await page.$$eval(rows, (all) => all.map((one) => Number(one.dataset.candidate)));
  assert.deepEqual(candidates.slice(0, 3), stored.top_ids.slice(15, 18));
  await page.focus(`${at('step')} [data-candidate="${candidates[1]}"]`);
  await page.keyboard.press('Enter');
  await page.waitForSelector(`${at('written')} [data-step="5"]`, { timeout: 240_000 });
  await page.click(at('stop-writing'));
  await rest(page);
  const other = await written(page);
  assert.deepEqual(other.slice(0, 4), [...ids.slice(0, 3), candidates[1]]);
  await page.click(`${at('ways')} [data-way="0"]`);
  assert.deepEqual(await written(page), ids);

  // Why the third token: the text up to it becomes the question, with that token as the target.
  await page.click(`${at('written')} [data-step="2"]`);
  await page.click(at('explain-step'));
  await page.waitForTimeout(300);
  await done(page);
  assert.ok((await page.inputValue(at('text'))).startsWith(stored.text));
  assert.equal(Number(await page.getAttribute(`${at('candidates')} .bar-row.chosen`, 'data-id')), ids[2]);
  await page.click(at('back-to-prompt'));
  await done(page);
  assert.equal(await page.inputValue(at('text')), stored.text);
  assert.deepEqual(page.complaints, []);
});

test('a seed draws the same text again', SLOW, async () => {
  const page = await open('Once upon a time');
  await page.click(at('sampling'));
  for (const [field, value] of [['temperature', '0.9'], ['top-k', '50'], ['top-p', '0.95'], ['sampling-seed', '11']]) {
    await page.fill(at(field), value);
    await page.keyboard.press('Tab');
  }
  const draw = async () => {
    await page.click(at('write-on'));
    await page.waitForSelector(`${at('written')} [data-step="7"]`, { timeout: 240_000 });
    await page.click(at('stop-writing'));
    await rest(page);
    return (await written(page)).slice(0, 8);
  };
  const first = await draw();
  await page.fill(at('text'), 'Once upon a time there');
  await page.waitForTimeout(600);
  await done(page);
  const elsewhere = await draw();
  assert.notDeepEqual(elsewhere, first);
  await page.fill(at('text'), 'Once upon a time');
  await page.waitForTimeout(600);
  await done(page);
  assert.deepEqual(await draw(), first);
  assert.deepEqual(page.complaints, []);
});
