// Another text beside this one: what the model itself might say in a word's place, both answers, what both rest on, and a head.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ALL, say } from './every-task.mjs';
import { greatest } from './numbers.mjs';
import { at, attribution, done, exported, SLOW } from './page.mjs';
import { script } from './scripted.mjs';
import { browser, server } from './site.mjs';

const TEXT = 'The capital of France is';

test('a changed word is compared: answers, reasons and a head, with their differences', SLOW, async () => {
  const page = await browser.open(`${server.url}?device=cpu`);
  await page.waitForSelector(`${at('model-select')} option[value="smollm2"]`, { state: 'attached' });
  await page.fill(at('text'), TEXT);
  await page.waitForTimeout(600);
  await done(page);
  const before = await exported(page);

  // A click on the word brings what the model would say there.
  await page.locator(at('other-text')).evaluate((field) => {
    field.focus();
    field.setSelectionRange(17, 17);
    field.dispatchEvent(new MouseEvent('click', { bubbles: true }));
  });
  await page.waitForSelector(`${at('suggestions')} [data-suggestion]`, { timeout: 60_000 });
  const suggestions = await page.$$eval(`${at('suggestions')} [data-suggestion]`, (all) => all.map((one) => one.dataset.suggestion));
  assert.ok(suggestions.length >= 3 && !suggestions.includes('France'), suggestions.join());
  await page.click(`${at('suggestions')} [data-suggestion]`);
  assert.equal(await page.inputValue(at('other-text')), `The capital of ${suggestions[0]} is`);

  await page.fill(at('other-text'), 'The capital of Germany is');
  await page.click(at('ask-other'));
  await page.waitForSelector(at('other-target'), { timeout: 120_000 });
  const delta = Number(await page.getAttribute(at('other-target'), 'data-delta'));
  assert.ok(delta < -1, `Paris is less likely of Germany: ${delta}`);
  const values = (row) => page.$$eval(`[data-row="${row}"] [data-value]`, (all) => all.map((one) => Number(one.dataset.value)));
  const [mine, theirs, change] = [await values('this'), await values('that'), await values('change')];
  assert.ok(greatest(mine, attribution(before, 'grad_x_input')) < 1e-9);
  // One token has no counterpart.
  assert.deepEqual([mine.length, theirs.length, change.length], [5, 5, 4]);
  const same = [0, 1, 2, 4];
  assert.ok(greatest(change, same.map((token) => theirs[token] - mine[token])) < 1e-9);
  assert.match(await page.innerText(at('other-table')), /Paris[\s\S]*Berlin|Berlin[\s\S]*Paris/);
  assert.equal(await page.locator(`${at('other')} ${at('heat-canvas')}`).count(), 3);

  // It is the same as asking about that text outright.
  await page.fill(at('text'), 'The capital of Germany is');
  await page.waitForTimeout(600);
  await done(page);
  assert.equal(await page.locator(at('other-target')).count(), 0, 'it was beside another text');
  assert.deepEqual(page.complaints, []);
});

test('a model that fills in what is missing gives words for the place of one', SLOW, async () => {
  const page = await browser.open();
  const asked = await script(page, ALL, say);
  await page.goto(`${server.url}?device=cpu`);
  await page.click(`${at('task')} [data-task="fill"]`);
  await page.click(at('load'));
  await done(page);
  const shown = await exported(page);
  const word = shown.target.text.trim();
  const before = asked.length;
  const click = (place) => page.locator(at('other-text')).evaluate((field, place) => {
    field.focus();
    field.setSelectionRange(place, place);
    field.dispatchEvent(new MouseEvent('click', { bubbles: true }));
  }, place);
  await click(shown.input.text.indexOf('barks') + 2);
  await page.waitForSelector(`${at('suggestions')} [data-suggestion]`);
  // The word’s own place is what is missing; what was missing before has the word that is explained.
  assert.equal(asked.length, before + 1);
  assert.deepEqual(
    [asked.at(-1).task, asked.at(-1).text, asked.at(-1).methods],
    ['fill', shown.input.text.replaceAll('[MASK]', word).replace('barks', '[MASK]'), []]);
  const [first] = await page.$$eval(`${at('suggestions')} [data-suggestion]`, (all) => all.map((one) => one.dataset.suggestion));
  await page.click(`${at('suggestions')} [data-suggestion]`);
  assert.equal(await page.inputValue(at('other-text')), shown.input.text.replace('barks', first));
  // Where a model neither goes on nor fills in, none are offered.
  await page.click(`${at('task')} [data-task="label"]`);
  await page.click(at('load'));
  await done(page);
  await click(2);
  await page.waitForTimeout(300);
  assert.equal(await page.locator(at('suggestions')).count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
