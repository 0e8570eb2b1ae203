// Each task as a visitor meets it: its form, its answer, what can be chosen in it. With real models where the list has
// one for the task; and, for what an answer looks like, with documents from a script.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';

import { launch } from './browser.mjs';
import { ALL, say } from './every-task.mjs';
import { at, done, exported, SLOW, status } from './page.mjs';
import { script } from './scripted.mjs';
import { DIST, serve } from './server.mjs';

let server;
let browser;
let models;

before(async () => {
  server = await serve();
  browser = await launch();
  models = JSON.parse(await readFile(join(DIST, 'models/manifest.json'), 'utf8')).models;
});

afterEach(() => {
  server.heal();
  server.resetCounts();
});

after(async () => {
  await browser?.close();
  await server?.close();
});

const taskButton = (task) => `${at('task')} [data-task="${task}"]`;
const title = (page) => page.innerText('#answer-title');

/** Waits for the next answer after `act`. */
async function answered(page, act, timeout = 240_000) {
  const before = await page.getAttribute(at('status'), 'data-answers');
  await act();
  await page.waitForFunction(
    ([selector, before]) => {
      const { state, answers } = document.querySelector(selector).dataset;
      if (state === 'error') throw new Error(document.querySelector(selector).innerText);
      return state === 'done' && answers !== before;
    },
    [at('status'), before],
    { timeout, polling: 50 },
  );
}

/** The first model of the list for a task that was trained for it, or why a test of it is skipped. */
function trained(task) {
  const model = models.find(({ tasks }) => tasks.includes(task) && !tasks.includes('continue'));
  return model ?? { skip: `no model of the list was trained to ${task}` };
}

test('SmolLM2 classifies after examples, and its labels and examples can be changed', SLOW, async () => {
  const page = await browser.open(`${server.url}?device=cpu`);
  await page.click(taskButton('classify'));
  if ((await page.inputValue(at('model-select'))) !== 'smollm2') await page.selectOption(at('model-select'), 'smollm2');
  assert.equal(await page.inputValue(at('labels')), 'positive, negative');
  await answered(page, () => page.fill(at('text'), 'A dull and lifeless film.'));
  assert.equal(await title(page), 'Which label it has');
  let shown = await exported(page);
  assert.match(shown.input.prompt, /Sentiment: positive[^]*Review: A dull and lifeless film\.\nSentiment:$/);
  assert.equal(shown.target.text, 'negative');
  assert.equal(shown.output.top.length, 2);
  assert.match(await page.innerText('.answer-panel'), /first token/);
  assert.match(await page.innerText(at('target')), /the label negative is/);
  // The whole prompt is coloured: it is what the model read.
  assert.equal(await page.locator(`${at('tokens')} [data-index]`).count(), shown.input.tokens.length);

  await answered(page, () => page.locator(`${at('candidates')} button.bar-row`).nth(1).click());
  shown = await exported(page);
  assert.equal(shown.target.text, 'positive');
  assert.equal(await page.getAttribute(`${at('candidates')} button:nth-child(1) >> nth=1`, 'aria-pressed'), 'true');

  await answered(page, async () => {
    await page.fill(at('labels'), 'sport, politics');
    await page.press(at('labels'), 'Enter');
  });
  shown = await exported(page);
  assert.deepEqual(shown.output.top.map(({ text }) => text).toSorted(), ['politics', 'sport']);
  await page.click(at('shots'));
  await answered(page, async () => {
    await page.fill(at('shot-0'), 'The keeper saved two penalties.');
    await page.fill(at('shot-answer-0'), 'sport');
  });
  shown = await exported(page);
  assert.match(shown.input.prompt, /labels: sport, politics[^]*Text: The keeper saved two penalties\.\nLabel: sport/);

  // Labels and examples are in the address, and come back with it.
  await page.waitForTimeout(400);
  await page.reload();
  await done(page);
  assert.equal(await page.inputValue(at('labels')), 'sport, politics');
  assert.equal((await exported(page)).input.prompt, shown.input.prompt);
  await page.click(at('shots'));
  await answered(page, () => page.click(at('reset-prompt')));
  assert.equal(await page.inputValue(at('labels')), 'positive, negative');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('SmolLM2 answers a question after examples', SLOW, async () => {
  const page = await browser.open(`${server.url}?device=cpu`);
  await page.click(taskButton('answer'));
  if ((await page.inputValue(at('model-select'))) !== 'smollm2') await page.selectOption(at('model-select'), 'smollm2');
  await page.fill(at('second-text'), '');
  await page.fill(at('text'), 'Tom gave his sister a blue bicycle for her birthday.');
  await page.waitForFunction((hint) => /question/.test(document.querySelector(hint).innerText), at('hint'));
  await answered(page, () => page.fill(at('second-text'), 'What colour is the bicycle?'));
  const shown = await exported(page);
  assert.equal(shown.input.second_text, 'What colour is the bicycle?');
  assert.match(shown.output.text, /^blue/);
  assert.match(await page.innerText(at('said')), /^blue/);
  assert.match(await page.innerText(at('target')), /answer’s first token/);
  await answered(page, () => page.locator(`${at('candidates')} button.bar-row`).nth(1).click());
  assert.equal((await exported(page)).target.id, shown.output.top[1].id);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

for (const task of ['classify', 'label', 'answer', 'translate', 'fill']) {
  test(`a model of the list that was trained to ${task} does so, and another answer can be chosen`, SLOW, async (t) => {
    const model = trained(task);
    if (model.skip) return t.skip(model.skip);
    const page = await browser.open(`${server.url}?device=cpu`);
    await page.click(taskButton(task));
    await page.selectOption(at('model-select'), model.id);
    await answered(page, () => page.click(at('load')));
    const shown = await exported(page);
    assert.equal(shown.model.id, model.id);
    assert.equal(shown.input.task, task);
    if (task === 'translate') {
      await answered(page, () => page.locator(`${at('answer-text')} [data-at]`).nth(1).click());
      const second = await exported(page);
      assert.equal(second.target.position, 1);
      assert.equal(second.attributions[0].output_values.length, 1);
    } else if (task === 'label') {
      await answered(page, () => page.locator(`${at('answer-text')} [data-at]`).nth(0).click());
      assert.equal((await exported(page)).target.position, 1);
    } else if (shown.output.top.length + (shown.output.spans ?? []).length > 1) {
      await answered(page, () => page.locator(`${at('candidates')} button.bar-row`).nth(1).click());
      assert.notDeepEqual((await exported(page)).target, shown.target);
    }
    assert.deepEqual(page.complaints, []);
    await page.context().close();
    return undefined;
  });
}

// From here on the engine is a script, which answers at once.

const SCRIPTED = { timeout: 60_000 };

/** A page with a scripted engine, on a task. */
async function scripted(task, options = {}) {
  const page = await browser.open(undefined, options);
  const asked = await script(page, ALL, say);
  await page.goto(`${server.url}?device=cpu`);
  if (task) {
    await page.click(taskButton(task));
    const load = page.locator(at('load'));
    await answered(page, () => load.click(), 20_000);
  }
  return { page, asked };
}

test('a teacher picks a task, and a model that can do it is chosen', SCRIPTED, async () => {
  const { page } = await scripted();
  await page.click(taskButton('translate'));
  assert.equal(await page.inputValue(at('model-select')), 'marian');
  assert.match(await page.innerText(at('card')), /Marian is weak/);
  await page.selectOption(at('model-select'), 'causal');
  await page.click(taskButton('translate'));
  assert.equal(await page.innerText(at('handover')), 'Causal cannot translate; Marian can, and is chosen now.');
  assert.equal(await page.inputValue(at('text')), 'The cat sleeps here.');
  // A text of one's own is not replaced.
  await page.fill(at('text'), 'My own words.');
  await page.click(taskButton('classify'));
  assert.equal(await page.inputValue(at('model-select')), 'sentiment');
  assert.equal(await page.inputValue(at('text')), 'My own words.');
  // What nobody here can do is said, and changes nothing.
  await page.locator(taskButton('compare')).click({ force: true });
  assert.match(await page.innerText(at('handover')), /Sentiment cannot compare two texts, and no other model/);
  assert.equal(await page.getAttribute(taskButton('compare'), 'aria-disabled'), 'true');
  assert.equal(await page.getAttribute(taskButton('classify'), 'aria-pressed'), 'true');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('labels are worded by whether they exclude each other', SCRIPTED, async () => {
  const { page, asked } = await scripted('classify');
  const panel = () => page.innerText('.answer-panel');
  assert.match(await panel(), /exactly one is right/);
  await answered(page, () => page.locator(`${at('candidates')} button.bar-row`).nth(1).click());
  assert.equal(asked.at(-1).target, 'label:bad');
  await answered(page, () => page.fill(at('text'), 'Tags of this text'));
  assert.match(await panel(), /several may be right/);
  await answered(page, () => page.fill(at('text'), 'Stars for this text'));
  assert.match(await panel(), /a number, not a probability[^]*4\.250/);
  assert.equal(await page.isDisabled(at('read')), true);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('labelled spans are drawn in the text, and a word or a span can be chosen', SCRIPTED, async () => {
  const { page, asked } = await scripted('label');
  assert.equal(await page.innerText(at('answer-text')), 'MariaGIVEN_NAME SilvaSURNAME lives in PortoCITY.');
  assert.equal(await page.locator(`${at('spans')} button`).count(), 3);
  await answered(page, () => page.locator(`${at('answer-text')} [data-at="3"]`).click());
  assert.equal(asked.at(-1).target, 'label:O@3');
  assert.match(await page.innerText(at('target')), /O as the label of “lives”/);
  await answered(page, () => page.locator(`${at('spans')} button`).nth(2).click());
  assert.equal(asked.at(-1).target, 'label:B-CITY@5');
  assert.equal(await page.getAttribute(`${at('answer-text')} [data-at="5"]`, 'aria-pressed'), 'true');
  await answered(page, () => page.locator(`${at('candidates')} button.bar-row`).nth(1).click());
  assert.equal(asked.at(-1).target, 'label:B-STREET@5');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('an answer is marked in its passage, and another can be chosen', SCRIPTED, async () => {
  const { page, asked } = await scripted('answer');
  // The causal model could answer too, but was not trained to.
  assert.equal(asked.at(-1).model, 'reader');
  assert.equal(await page.locator(at('prompt')).count(), 0);
  assert.equal(await page.innerText(`${at('answer-text')} mark`), 'Porto');
  await answered(page, () => page.locator(`${at('candidates')} button.bar-row`).nth(1).click());
  assert.match(asked.at(-1).target, /^span:\d+-\d+$/);
  assert.equal(await page.innerText(`${at('answer-text')} mark`), 'in Porto');
  // Question and passage stand on lines of their own.
  assert.match(await page.locator(at('tokens')).evaluate((node) => node.textContent), /live\?\[SEP\]\nZoë/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a translation shows both texts, and the head that aligns them', SCRIPTED, async () => {
  const { page, asked } = await scripted('translate');
  await answered(page, () => page.locator(`${at('answer-text')} [data-at="2"]`).click());
  assert.equal(asked.at(-1).target, 'output@2');
  assert.match(await page.innerText(at('target')), /token 3 of the translation/);
  // The source and the two words before are coloured.
  assert.equal(await page.locator(`${at('tokens')} [data-index]`).count(), 6 + 2);
  assert.match(await page.locator(`${at('answer-text')} [data-at="1"]`).getAttribute('style'), /background-color/);
  assert.doesNotMatch((await page.locator(`${at('answer-text')} [data-at="3"]`).getAttribute('style')) ?? '', /background-color/);
  await answered(page, () => page.locator(`${at('candidates')} button.bar-row`).nth(1).click());
  assert.equal(asked.at(-1).target, 'output:#51@2');

  const marked = page.locator(at('alignment'));
  assert.deepEqual([await marked.getAttribute('data-layer'), await marked.getAttribute('data-head')], ['1', '0']);
  const canvas = page.locator(at('head-canvas'));
  const shape = async () => [await canvas.getAttribute('data-rows'), await canvas.getAttribute('data-columns')];
  assert.deepEqual(await shape(), ['6', '6']);
  assert.deepEqual([await canvas.getAttribute('data-layer'), await canvas.getAttribute('data-head')], ['1', '0']);
  await canvas.focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('End');
  assert.match(await page.innerText(at('readout')), /“·dorme” → 5 “<\/s>”/);
  assert.match(await page.innerText(at('row-line')), /“·dorme” looks most at “sleeps” 0\.800/);
  // A token of the source is a column.
  await page.locator(`${at('tokens')} [data-index="1"]`).click();
  assert.match(await page.innerText(at('row-line')), /“cat” is looked at most by “·gato” 0\.800/);
  await page.click(`${at('attention-kind')} [data-kind="encoder"]`);
  assert.deepEqual([await page.getAttribute(at('grid-canvas'), 'data-layers'), await shape()], ['6', ['6', '6']]);
  assert.equal(await page.locator(at('alignment')).count(), 0);
  await page.waitForTimeout(400);
  await page.reload();
  await done(page);
  assert.equal(await page.getAttribute(`${at('attention-kind')} [data-kind="encoder"]`, 'aria-pressed'), 'true');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a mask is put in place of a word, and each mask has its candidates', SCRIPTED, async () => {
  const { page, asked } = await scripted('fill');
  assert.equal(await page.innerText(at('answer-text')), 'A dog barks at the [MASK].');
  await answered(page, () => page.locator(`${at('candidates')} button.bar-row`).nth(2).click());
  assert.equal(asked.at(-1).target, 'mask:#52@2');
  assert.equal(await page.innerText(at('answer-text')), 'A wolf barks at the [MASK].');
  await answered(page, () => page.locator(`${at('answer-text')} [data-at]`).click());
  assert.match(asked.at(-1).target, /^mask@6$/);
  await page.fill(at('text'), 'Rain fell today.');
  await page.locator(at('text')).evaluate((field) => field.setSelectionRange(5, 9));
  await answered(page, () => page.click(at('put-mask')));
  assert.equal(await page.inputValue(at('text')), 'Rain [MASK] today.');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('no task breaks a narrow page', SCRIPTED, async () => {
  for (const task of ['classify', 'label', 'answer', 'translate', 'fill']) {
    const { page } = await scripted(task, { viewport: { width: 360, height: 740 } });
    const { scroll, client } = await page.evaluate(() => {
      const { scrollWidth: scroll, clientWidth: client } = document.documentElement;
      return { scroll, client };
    });
    assert.ok(scroll <= client, `${task}: ${scroll} in ${client} pixels`);
    await page.context().close();
  }
});
