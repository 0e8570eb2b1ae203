// What the model writes on its own, in the page: as transformers' `generate` writes it, stopped half-way, gone on with another
// token, asked about, and drawn with a seed; what each token rests on is Inseq's; a translation is written the same way.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { relative } from './numbers.mjs';
import { at, done, follow, golden, SLOW } from './page.mjs';
import { browser, server } from './site.mjs';

/** The ids that are written on the page. */
const written = (page) => page.$$eval(`${at('written')} [data-step]`, (all) => all.map((one) => Number(one.dataset.id)));

/** Their probabilities. */
const probs = (page) => page.$$eval(`${at('written')} [data-step]`, (all) => all.map((one) => Number(one.dataset.prob)));

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
  const found = await probs(page);
  for (const [step, log] of stored.log_probs.entries()) {
    assert.ok(Math.abs(found[step] - Math.exp(log)) < 1e-3, `step ${step}: ${found[step]} and ${Math.exp(log)}`);
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

test('what each written token rests on is Inseq’s, one alone and all as a map', SLOW, async () => {
  const { cases } = await golden('generate/smollm2', 'steps');
  const stored = cases.find(({ name }) => name === 'greedy');
  const theirs = stored.reads.logit.input_x_gradient.sum;
  const page = await open(stored.prompt);
  await page.click(at('write-on'));
  await page.waitForSelector(`${at('written')} [data-step="4"]`, { timeout: 240_000 });
  await page.click(at('stop-writing'));
  await rest(page);
  const count = (await written(page)).length;
  assert.deepEqual((await written(page)).slice(0, 2), stored.ids.slice(stored.start));

  // A token that is opened is worked out by itself.
  const values = () => page.$$eval(`${at('step')} [data-value]`, (all) => all.map((one) => Number(one.dataset.value)));
  const worked = (step) => page.waitForFunction(
    ([selector, want]) => document.querySelectorAll(selector).length === want,
    [`${at('step')}[data-at="${step}"] [data-value]`, stored.start + step],
    { timeout: 240_000 },
  );
  await page.click(`${at('written')} [data-step="1"]`);
  await worked(1);
  assert.ok(relative(await values(), theirs[1]) < 1e-3);
  assert.equal(await page.getAttribute(at('triangle'), 'data-rows'), '1');

  // Then all: the same numbers, as a map that keys read and a table.
  await page.click(at('trace-all'));
  await page.waitForSelector(`${at('triangle')}[data-rows="${count}"]`, { timeout: 240_000 });
  await page.waitForSelector(at('trace-all'), { state: 'detached' });
  await page.click(`${at('written')} [data-step="0"]`);
  await worked(0);
  assert.ok(relative(await values(), theirs[0]) < 1e-3);
  const canvas = `${at('triangle')} ${at('heat-canvas')}`;
  assert.equal(await page.getAttribute(canvas, 'data-rows'), String(count));
  assert.equal(await page.getAttribute(canvas, 'data-columns'), String(stored.start + count - 1));
  await page.focus(canvas);
  await page.keyboard.press('ArrowRight');
  assert.match(await page.innerText(`${at('triangle')} .readout`), /“·?Paris”.*“·?The”/);
  const cells = await page.$$eval(`${at('triangle')} ${at('heat-table')} tbody tr`, (all) =>
    all.map((line) => [...line.querySelectorAll('td')].filter((cell) => cell.textContent !== '').length));
  assert.deepEqual(cells, Array.from({ length: count }, (_, step) => stored.start + step));
  await page.click(`${at('triangle')} ${at('triangle-shown')}:nth-child(2)`);
  assert.match(await page.innerText(`${at('triangle')} figcaption`), /Saliency/);

  // Where the model looks as it writes the token: a row that sums to one, of the head that is chosen.
  await page.click(at('gaze-ask'));
  const weights = () => page.$$eval(`${at('gaze')} [data-value]`, (all) => all.map((one) => Number(one.dataset.value)));
  await page.waitForSelector(`${at('gaze')} [data-value]`, { timeout: 240_000 });
  const sum = async () => (await weights()).reduce((sum, weight) => sum + weight, 0);
  assert.equal((await weights()).length, stored.start);
  assert.ok(Math.abs(await sum() - 1) < 1e-3);
  const mean = await weights();
  await page.selectOption(at('gaze-head'), '1');
  await page.waitForFunction((selector) => /Layer 29, head 0/.test(document.querySelector(selector).innerText), at('gaze'), { timeout: 240_000 });
  assert.notDeepEqual(await weights(), mean);
  assert.ok(Math.abs(await sum() - 1) < 1e-3);

  // Another choice keeps the rows before it.
  await page.click(`${at('step')} [data-candidate]:not(.chosen)`);
  await page.waitForSelector(`${at('triangle')}[data-rows="0"]`);
  await page.click(at('stop-writing'));
  await rest(page);
  assert.deepEqual(page.complaints, []);
});

test('a translation is written token by token, and is transformers’', SLOW, async () => {
  const { cases } = await golden('generate/marian-enpt', 'greedy');
  const [stored] = cases;
  const page = await browser.open(`${server.url}?device=cpu`);
  await page.waitForSelector(`${at('model-select')} option[value="marian-enpt"]`, { state: 'attached' });
  await page.selectOption(at('model-select'), 'marian-enpt');
  await page.fill(at('text'), stored.text);
  await page.waitForTimeout(600);
  await page.click(at('write-on'));
  await page.waitForSelector(`${at('written')} [data-step="${stored.greedy.length - 1}"]`, { timeout: 240_000 });
  await rest(page);
  assert.deepEqual(await written(page), stored.greedy);
  await page.click(`${at('written')} [data-step="1"]`);
  const parts = `${at('step')}[data-at="1"] [data-value]`;
  await page.waitForSelector(parts, { timeout: 240_000 });
  // The source, what the decoder begins with, and one token.
  assert.equal(await page.locator(parts).count(), stored.source.length + 2);
  await page.click(at('explain-step'));
  await page.waitForTimeout(300);
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

  // A link has the tokens, and the model of another browser says them again, though its seed is another.
  const [theirs, shares] = [await written(page), await probs(page)];
  await page.fill(at('sampling-seed'), '12');
  await page.keyboard.press('Tab');
  await page.click(at('share'));
  const link = await page.getAttribute(at('copy-live'), 'data-address');
  await page.click(at('share-close'));
  const other = await follow(browser, link);
  await other.waitForSelector(`${at('written')} [data-step="${theirs.length - 1}"]`, { timeout: 240_000 });
  await rest(other);
  assert.deepEqual(await written(other), theirs);
  for (const [step, prob] of (await probs(other)).entries()) {
    assert.ok(Math.abs(prob - shares[step]) < 1e-4, `step ${step}: ${prob} and ${shares[step]}`);
  }
  assert.deepEqual([...page.complaints, ...other.complaints], []);
});
