// Each view of attention driven twice, with the mouse and with the keyboard alone, and read back against the explanation's own numbers.
// What the page opens with is enough for most; what asks an engine is answered by a script.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { at, done, exported } from './page.mjs';
import { entry, script } from './scripted.mjs';
import { browser, server } from './site.mjs';

const LIMIT = { timeout: 120_000 };
/** The head that the page opens with. */
const [LAYER, HEAD] = [23, 4];

/** The explanation that the page brings along, and its tokens as they are shown. */
let sample;
let names;

/** The weights of a row of a head, as the page has them. */
function row(at, layer = LAYER, head = HEAD) {
  const { heads, rows, columns, values } = sample.attention[0];
  const start = ((layer * heads + head) * rows + at) * columns;
  return values.slice(start, start + columns).map(Math.fround);
}

/** Opens the page with the explanation that it brings along. */
async function open() {
  const page = await browser.open(server.url);
  await page.waitForSelector(`${at('over-text')} [data-weight]`);
  sample ??= await exported(page);
  names = sample.input.tokens.map(({ text }) => text.replace(/^ /, '·'));
  return page;
}

/** Goes on with the Tab key, as one does without a mouse, until an element has the keyboard. */
async function reach(page, selector) {
  for (let press = 0; press < 200; press += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((selector) => document.activeElement?.matches(selector), selector)) return;
  }
  assert.fail(`the Tab key reaches ${selector}`);
}

const has = (page, selector) => page.evaluate((selector) => document.activeElement?.matches(selector), selector);
const numbers = async (page, id, name) => (await page.getAttribute(at(id), name)).split(' ').map(Number);
const isPicked = (page, token) => page.getAttribute(`${at('tokens')} [data-index="${token}"]`, 'aria-selected');

/** Where the middle of a cell of the open head is on the screen. */
async function cell(page, row, column) {
  const canvas = page.locator(at('head-canvas'));
  await canvas.scrollIntoViewIfNeeded();
  const { x, y } = await canvas.boundingBox();
  const [[left], [top], [side]] = await Promise.all(['left', 'top', 'cell'].map((name) => numbers(page, 'head-canvas', `data-${name}`)));
  return [x + left + (column + 0.5) * side, y + top + (row + 0.5) * side];
}

test('the grid: nearer, along, whole, and a head, by mouse and by keyboard', LIMIT, async () => {
  const page = await open();
  const camera = () => numbers(page, 'grid-canvas', 'data-camera');
  const opened = () => page.$eval(at('head-canvas'), ({ dataset }) => [Number(dataset.layer), Number(dataset.head)]);
  const canvas = page.locator(at('grid-canvas'));

  // Mouse: what is pointed at is said; a click opens it, two come so near that it fills the view.
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  const [[left], [top], [pitch]] = await Promise.all(['left', 'top', 'pitch'].map((name) => numbers(page, 'grid-canvas', `data-${name}`)));
  const middle = (layer, head) => [box.x + left + (layer + 0.4) * pitch, box.y + top + (head + 0.4) * pitch];
  await page.mouse.move(...middle(7, 2));
  const [, from, to, weight] = (await page.innerText(at('grid-readout'))).match(/^Layer 7, head 2: (\d) “.*” → (\d) “.*”: (.+)$/);
  assert.equal(weight, row(Number(from), 7, 2)[to].toFixed(3));
  await page.mouse.click(...middle(7, 2));
  assert.deepEqual(await opened(), [7, 2]);
  await page.mouse.dblclick(...middle(9, 5));
  await page.waitForFunction((selector) => Number(document.querySelector(selector).dataset.camera.split(' ')[0]) > 4, at('grid-canvas'));
  assert.deepEqual(await opened(), [9, 5]);
  await page.click(at('grid-farther'));
  await page.click(at('grid-whole'));
  assert.deepEqual(await camera(), [1, 0, 0]);
  assert.ok(await page.isDisabled(at('grid-farther')));

  // Keyboard.
  await page.focus(at('without-sinks'));
  await reach(page, at('grid-canvas'));
  await page.keyboard.press('Home');
  await page.keyboard.press('+');
  await page.keyboard.press('+');
  const near = await camera();
  assert.ok(near[0] > 2, `${near}`);
  await page.keyboard.press('End');
  const far = await camera();
  assert.ok(far[0] === near[0] && far[1] > near[1] && far[2] > near[2], `the view goes along: ${near} and ${far}`);
  assert.match(await page.innerText(at('grid-readout')), /^Layer 29, head 8/);
  await page.keyboard.press('-');
  assert.ok((await camera())[0] < near[0]);
  await page.keyboard.press('0');
  assert.deepEqual(await camera(), [1, 0, 0]);
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press(' ');
  assert.deepEqual(await opened(), [28, 7]);
  // The map of the head has the keyboard now, and Escape gives it back.
  await page.waitForFunction((selector) => document.activeElement?.matches(selector), at('head-canvas'));
  await page.keyboard.press('Escape');
  assert.equal(await page.locator(at('head-canvas')).count(), 0);
  assert.ok(await has(page, at('grid-canvas')));
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a head’s map: a weight and a row that the text shares, by mouse and by keyboard', LIMIT, async () => {
  const page = await open();
  const said = (from, to) => `${from} “${names[from]}” → ${to} “${names[to]}”: ${row(from)[to].toFixed(3)}`;
  const best = (from) => `“${names[from]}” looks most at “${names[row(from).indexOf(Math.max(...row(from)))]}”`;

  await page.mouse.move(...(await cell(page, 4, 3)));
  assert.equal(await page.innerText(at('readout')), said(4, 3));
  await page.mouse.move(...(await cell(page, 1, 3)));
  assert.match(await page.innerText(at('readout')), /cannot see .* it comes later/);
  await page.mouse.click(...(await cell(page, 3, 1)));
  assert.equal(await isPicked(page, 3), 'true');
  assert.ok((await page.innerText(at('row-line'))).startsWith(best(3)));
  assert.match(await page.innerText(at('over-readout')), new RegExp(`where “${names[3]}” looks`));
  await page.click(`${at('tokens')} [data-index="2"]`);
  assert.ok((await page.innerText(at('row-line'))).startsWith(best(2)), 'what is picked in the text is picked here');

  await page.focus(at('picture-neurons'));
  await reach(page, at('head-canvas'));
  // The first arrow shows where one is, or goes on from the cell that was clicked.
  for (const key of ['End', 'ArrowLeft', 'ArrowDown']) await page.keyboard.press(key);
  assert.equal(await page.innerText(at('readout')), said(4, 3));
  await page.keyboard.press('Enter');
  assert.equal(await isPicked(page, 4), 'true');
  assert.ok((await page.innerText(at('row-line'))).startsWith(best(4)));
  await page.keyboard.press('Enter');
  assert.equal(await isPicked(page, 4), 'false', 'once more lets go');
  await page.keyboard.press('Home');
  assert.equal(await page.innerText(at('readout')), said(4, 0));
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('lines: tokens, threshold and heads, by mouse and by keyboard', LIMIT, async () => {
  const page = await open();
  await page.click(at('picture-lines'));
  const canvas = page.locator(at('lines-canvas'));
  await canvas.scrollIntoViewIfNeeded();
  const lines = () => canvas.getAttribute('data-lines').then(Number);
  const strong = (heads, threshold, from) => heads.flatMap((head) =>
    (from === undefined ? names.map((_, at) => at) : [from]).flatMap((at) => row(at, LAYER, head).filter((weight) => weight > 0 && weight >= threshold)));
  const isOn = (head) => page.getAttribute(at(`line-head-${head}`), 'aria-pressed');

  // Mouse: a token that looks, a token that is looked at, both let go again.
  const { x, y, width } = await canvas.boundingBox();
  const token = (at) => y + 2 + (at + 0.5) * 17;
  await page.mouse.click(x + 20, token(4));
  assert.equal(await lines(), strong([HEAD], 0.1, 4).length);
  assert.equal(await isPicked(page, 4), 'true');
  await page.mouse.click(x + 20, token(4));
  await page.mouse.click(x + width - 20, token(0));
  const toFirst = names.filter((_, from) => row(from)[0] >= 0.1).length;
  assert.equal(await lines(), toFirst);
  await page.mouse.click(x + width - 20, token(0));
  assert.equal(await lines(), strong([HEAD], 0.1).length);
  await page.click(at('line-head-1'));
  assert.equal(await lines(), strong([HEAD, 1], 0.1).length);
  const slider = await page.locator(at('line-threshold')).boundingBox();
  await page.mouse.click(slider.x + slider.width * 0.75, slider.y + slider.height / 2);
  const threshold = Number(await page.inputValue(at('line-threshold')));
  assert.ok(threshold > 60 && threshold < 90, `${threshold}`);
  assert.equal(await lines(), strong([HEAD, 1], threshold / 100).length);

  // Keyboard: from the heads over the threshold to the drawing.
  await page.focus(at('picture-lines'));
  await reach(page, at('line-head-1'));
  await page.keyboard.press('Enter');
  assert.equal(await isOn(1), 'false');
  assert.ok(await has(page, at('line-head-1')), 'the switch keeps the keyboard');
  await page.keyboard.press('Space');
  assert.equal(await isOn(1), 'true');
  await reach(page, at('line-threshold'));
  await page.keyboard.press('Home');
  for (let step = 0; step < 20; step += 1) await page.keyboard.press('ArrowRight');
  assert.equal(await page.inputValue(at('line-threshold')), '20');
  assert.equal(await lines(), strong([HEAD, 1], 0.2).length);
  await reach(page, at('lines-canvas'));
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowUp']) await page.keyboard.press(key);
  assert.equal(await isPicked(page, 1), 'true');
  assert.equal(await lines(), strong([HEAD, 1], 0.2, 1).length);
  assert.match(await page.innerText(at('lines-best')), new RegExp(`^“${names[1]}” looks most with head 1 at`));
  await page.keyboard.press('Escape');
  assert.equal(await lines(), strong([HEAD, 1], 0.2).length);
  // To the right are the tokens that are looked at: the first.
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  const intoFirst = [HEAD, 1].flatMap((head) => names.map((_, from) => row(from, LAYER, head)[0])).filter((weight) => weight >= 0.2);
  assert.ok(intoFirst.length > 0);
  assert.equal(await lines(), intoFirst.length);
  await page.keyboard.press('Escape');
  assert.equal(await lines(), strong([HEAD, 1], 0.2).length);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('over the text and without sinks, by mouse and by keyboard', LIMIT, async () => {
  const page = await open();
  const weights = () => page.$$eval(`${at('over-text')} [data-weight]`, (all) => all.map((one) => Number(one.dataset.weight)));
  const near = async (expected, what) => {
    const found = await weights();
    assert.ok(expected.every((weight, token) => Math.abs(weight - found[token]) < 1e-5), `${what}: ${found} and ${expected}`);
  };
  const token = (index) => `${at('over-text')} [data-at="${index}"]`;
  await page.click(token(3));
  await near(row(3), 'a click');
  await page.click(at('over-looked-at'));
  await near(names.map((_, from) => row(from)[3]), 'who looks at it');
  await page.click(at('over-looks'));
  // Without the first token, which nearly all attention goes to, the rest of a row sums to one.
  const left = (from) => {
    const kept = row(from).map((weight, to) => (to === 0 ? 0 : weight));
    const sum = kept.reduce((all, one) => all + one, 0);
    return kept.map((weight) => weight / sum);
  };
  await page.click(at('without-sinks'));
  assert.match(await page.innerText(at('left-out')), /“The”/);
  await near(left(3), 'without sinks');
  await page.click(at('without-sinks'));
  await near(row(3), 'with them again');

  await page.focus(at('over-source'));
  await reach(page, at('over-looked-at'));
  await page.keyboard.press('Enter');
  await near(names.map((_, from) => row(from)[3]), 'the other way, by keyboard');
  await page.keyboard.press('Shift+Tab');
  assert.ok(await has(page, at('over-looks')));
  await page.keyboard.press('Space');
  await reach(page, token(4));
  await page.keyboard.press('Enter');
  await near(row(4), 'Enter on a token');
  assert.equal(await isPicked(page, 4), 'true');
  assert.ok(await has(page, token(4)), 'the token keeps the keyboard');
  // The layer and the mean of all heads are chosen as in any list.
  await page.focus(at('over-source'));
  await page.keyboard.press('ArrowDown');
  assert.equal(await page.inputValue(at('over-source')), 'layer');
  const { heads } = sample.attention[0];
  const mean = row(4).map((_, to) => Array.from({ length: heads }, (_, head) => row(4, LAYER, head)[to]).reduce((a, b) => a + b) / heads);
  await near(mean, 'the mean of a layer');
  await page.focus(at('grid-nearer'));
  for (let back = 0; back < 3 && !(await has(page, at('without-sinks'))); back += 1) await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Space');
  assert.equal(await page.getAttribute(at('without-sinks'), 'aria-pressed'), 'true');
  assert.equal((await weights())[0], 0);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('figures by layer, by mouse and by keyboard', LIMIT, async () => {
  const page = await open();
  const { summary } = sample.attention[0];
  const layer = () => page.$$eval(`${at('chart-table')} tbody td:nth-child(2)`, (all, layer) => Number(all[layer].textContent), LAYER);
  const mean = (values) => values.slice(LAYER * 9, LAYER * 9 + 9).reduce((sum, one) => sum + one, 0) / 9;
  const picture = () => page.$eval(at('chart-canvas'), (canvas) => canvas.toDataURL());
  assert.ok(Math.abs((await layer()) - mean(summary.entropy)) < 1e-3);
  const before = await picture();
  await page.getByRole('button', { name: 'Mean distance' }).click();
  assert.ok(Math.abs((await layer()) - mean(summary.distance)) < 1e-3);
  await page.waitForFunction(([selector, before]) => document.querySelector(selector).toDataURL() !== before, [at('chart-canvas'), before]);
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  assert.ok(Math.abs((await layer()) - mean(summary.entropy)) < 1e-3);
  await page.waitForFunction(([selector, before]) => document.querySelector(selector).toDataURL() === before, [at('chart-canvas'), before]);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

/** Numbers that are the same each time. */
const wave = (count, pace) => Array.from({ length: count }, (_, at) => Math.sin(at * pace) * Math.cos(at * 0.37 + pace));

/** Opens the page with an engine that answers from a script, and asks it about the sample's text. */
async function scripted({ foil } = {}) {
  if (!sample) await (await open()).context().close();
  const { layers, heads } = sample.model;
  const [count, width] = [names.length, 64];
  const values = wave(layers * heads, 0.9);
  const kind = sample.attention[0].kind;
  const found = {
    lens: {
      values: wave(layers + 1, 0.2), logits: wave(layers + 1, 0.2), log_probs: wave(layers + 1, 0.2), ranks: Array(layers + 1).fill(3),
    },
    ablation: { factor: 0, value: 17, heads: [{ kind, layers, heads, values }], mlps: [{ kind, values: wave(layers, 0.5) }] },
  };
  const scores = wave(count * count, 0.7).map((value, at) => (at % count > Math.floor(at / count) ? -1e9 : value * 3));
  const inside = { queries: count, keys: count, width, query_values: wave(count * width, 0.19), key_values: wave(count * width, 0.41), scores };
  const page = await browser.open();
  const model = entry(sample.model.id, sample.model.title, 'llama', ['continue'], []);
  const explain = (request) => {
    const { intervention } = request;
    // Less by one for each part, by a tenth for each token.
    const changes = (intervention?.scaled?.length ?? 0) + (intervention?.hidden?.length ?? 0) / 10;
    const changed = changes > 0 ? { intervention, top: sample.output.top, value: sample.target.value - changes } : undefined;
    const target = { ...sample.target, ...(foil ? { foil } : {}) };
    return { ...structuredClone(sample), target, ...(request.heads?.length > 0 ? { heads: found } : {}), ...(changed ? { changed } : {}) };
  };
  await script(page, [model], explain, () => structuredClone(inside));
  await page.goto(server.url);
  await page.waitForSelector(at('over-text'));
  await page.fill(at('text'), sample.input.text);
  await done(page);
  return { page, values, inside };
}

test('queries and keys: a number and a query, by mouse and by keyboard', LIMIT, async () => {
  const { page, inside } = await scripted();
  await page.click(at('picture-neurons'));
  await page.waitForSelector(`${at('neurons')}[data-here="true"]`);
  const canvas = page.locator(at('neurons-canvas'));
  await canvas.scrollIntoViewIfNeeded();
  const { x, y, width } = await canvas.boundingBox();
  const name = Math.min(Math.max(width * 0.2, 56), 120);
  await page.mouse.move(x + name + 5, y + 46 + 2.5 * 20);
  const signed = (value) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
  const [q, k] = [inside.query_values[4 * 64], inside.key_values[2 * 64]];
  const said = await page.innerText(at('neurons-readout'));
  assert.ok(said.startsWith(`“${names[4]}” and “${names[2]}”, number 0: ${signed(q)} × ${signed(k)} = `), said);
  await page.mouse.move(x, y - 200);

  await page.focus(at('picture-neurons'));
  await reach(page, at('neurons-canvas'));
  const query = () => numbers(page, 'neurons-canvas', 'data-query').then(([query]) => query);
  const picture = () => canvas.evaluate((canvas) => canvas.toDataURL());
  const before = await picture();
  assert.equal(await query(), 4);
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowUp');
  assert.equal(await query(), 2);
  assert.equal(await isPicked(page, 2), 'true');
  assert.notEqual(await picture(), before);
  await page.keyboard.press('ArrowDown');
  assert.equal(await query(), 3);
  // Left and right read the numbers, with Shift another key.
  const read = () => page.innerText(at('neurons-readout'));
  await page.keyboard.press('ArrowRight');
  const first = await read();
  assert.match(first, /number 1: /);
  await page.keyboard.press('ArrowRight');
  assert.match(await read(), /number 2: /);
  await page.keyboard.press('Shift+ArrowUp');
  await page.keyboard.press('ArrowLeft');
  assert.notEqual(await read(), first, 'the same number of another key');
  assert.equal(await query(), 3);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('the table of heads, its map and the lens, by mouse and by keyboard', LIMIT, async () => {
  const { page, values } = await scripted();
  await page.check(at('head-figure-ablation'));
  await page.click(at('run-heads'));
  await page.waitForSelector(at('head-table'));
  const first = () => page.getAttribute(`${at('head-table')} tbody tr`, 'data-row');
  const place = (most) => {
    const found = values.indexOf(most(...values));
    return `${Math.floor(found / 9)} ${found % 9}`;
  };
  const sort = at('sort-head-ablation');
  const opened = (place) => page.waitForSelector(
    `${at('head-canvas')}[data-layer="${place.split(' ')[0]}"][data-head="${place.split(' ')[1]}"]`);

  await page.click(sort);
  assert.equal(await first(), place(Math.max));
  await page.click(sort);
  assert.equal(await first(), place(Math.min));
  await page.click(`${at('head-table')} tbody tr:first-child button`);
  await opened(place(Math.min));
  // It is drawn far above: the page goes there, and the keyboard with it.
  await page.waitForFunction(() => document.activeElement?.id === 'head-map');
  assert.ok(await page.locator(at('head-canvas')).evaluate((canvas) => {
    const { top, bottom } = canvas.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  }), 'the head is on the screen');

  await page.focus(at('run-heads'));
  await reach(page, sort);
  await page.keyboard.press('Enter');
  await page.waitForFunction(([selector, row]) => document.querySelector(selector).dataset.row === row, [`${at('head-table')} tbody tr`, place(Math.max)]);
  // The table was written anew, and the button that was pressed has the keyboard again.
  await page.waitForFunction((selector) => document.activeElement?.matches(selector), sort);
  await page.keyboard.press('Space');
  assert.equal(await first(), place(Math.min));
  await page.waitForFunction((selector) => document.activeElement?.matches(selector), sort);
  await page.keyboard.press('Enter');
  await page.waitForFunction((selector) => document.activeElement?.matches(selector), sort);
  await reach(page, `${at('head-table')} tbody tr:first-child button`);
  await page.keyboard.press('Enter');
  await opened(place(Math.max));

  // The map of the figure: a number by the mouse, all of them in a table that the keyboard unfolds.
  const heat = page.locator('figure.heat').first();
  const canvas = heat.locator(at('heat-canvas'));
  const { width, height } = await canvas.boundingBox();
  // Thirty layers of nine heads lie across where there is room.
  assert.equal(await canvas.getAttribute('data-columns'), '30');
  const side = (width - 31) / 30;
  await canvas.hover({ position: { x: 30 + 29.5 * side, y: height - 1 - 6.5 * side } });
  const shown = values[29 * 9 + 2];
  assert.equal(await heat.locator('.readout').innerText(), `layer 29, head 2: ${shown < 0 ? '−' : '+'}${Math.abs(shown).toFixed(3)}`);
  await canvas.focus();
  await page.mouse.move(0, 0);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  assert.match(await heat.locator('.readout').innerText(), /^layer 1, head 1: /);
  await page.focus(`${at('head-table')} tbody tr:last-child button`);
  await reach(page, 'figure.heat summary');
  await page.keyboard.press('Enter');
  await page.waitForSelector('figure.heat details[open] table');
  assert.equal(Number((await heat.locator('tbody tr').last().locator('td').nth(2).innerText()).replace('−', '-')), Number(shown.toFixed(3)));
  await reach(page, '.lens summary');
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('.lens details[open] tbody tr').count(), 31);
  await page.click('.lens summary');
  assert.equal(await page.locator('.lens details[open]').count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('of two entries the lens draws the difference, and gives no probability', LIMIT, async () => {
  const { page } = await scripted({ foil: { id: 4528, text: ' London' } });
  await page.click(at('run-heads'));
  await page.waitForSelector(at('lens-canvas'));
  assert.equal(await page.innerText('#lens-title'), 'The difference after each layer');
  await page.click('.lens summary');
  assert.equal(await page.innerText(`${at('lens-table')} tbody tr:last-child td:nth-child(4)`), '');
  await page.context().close();
});

/** Waits until the changed model's target is off by so much. */
const changed = (page, expected) =>
  page.waitForFunction(
    ([selector, expected]) => Math.abs(Number(document.querySelector(selector)?.dataset.delta) - expected) < 1e-6,
    [at('changed-target'), expected],
  );

test('the model is changed and changed back, by mouse and by keyboard', LIMIT, async () => {
  const { page } = await scripted();
  const delta = (expected) => changed(page, expected);
  await page.click(at('scale-0'));
  await delta(-1);
  await page.click(`${at('over-text')} [data-at="2"]`);
  await page.click(at('hide-token'));
  await delta(-1.1);
  await page.click(at('undo'));
  await delta(-1);
  await page.click(`${at('changes')} button`);
  await page.waitForSelector(at('changed'), { state: 'detached' });

  await page.focus(at('close-head'));
  await reach(page, at('scale-50'));
  await page.keyboard.press('Space');
  await delta(-1);
  assert.match(await page.innerText(at('changes')), new RegExp(`L${LAYER}H${HEAD}`));
  assert.ok(await has(page, at('scale-50')), 'the switch keeps the keyboard');
  await page.focus(at('over-looks'));
  await reach(page, at('hide-token'));
  await page.keyboard.press('Enter');
  await delta(-1.1);
  assert.ok(await has(page, at('hide-token')), 'the button keeps the keyboard');
  await page.keyboard.press('Enter');
  await delta(-1);
  await page.focus(at('undo'));
  await page.keyboard.press('Enter');
  await delta(-1.1);
  await reach(page, at('clear-changes'));
  await page.keyboard.press('Space');
  await page.waitForSelector(at('changed'), { state: 'detached' });

  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('an MLP is taken out in its table and put back, by mouse and by keyboard', LIMIT, async () => {
  const { page } = await scripted();
  await page.check(at('head-figure-ablation'));
  await page.click(at('run-heads'));
  await page.waitForSelector(at('mlp-table'), { state: 'attached' });
  const summary = page.locator('details', { has: page.locator(at('mlp-table')) }).locator('summary');
  await summary.click();
  await page.click('[data-mlp="3"]');
  await changed(page, -1);
  assert.match(await page.innerText(at('changes')), /MLP/);
  assert.ok(await page.isVisible('[data-mlp="3"]'), 'the table stays unfolded');
  await page.focus('[data-mlp="3"]');
  await page.keyboard.press('Enter');
  await page.waitForSelector(at('changed'), { state: 'detached' });
  assert.ok(await has(page, '[data-mlp="3"]'), 'the button keeps the keyboard');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('the weights of the open head and the figures of all heads are there as tables too', LIMIT, async () => {
  const page = await open();
  const lines = (id) => page.$$eval(`${at(id)} tbody tr`, (all) => all.map(({ cells }) => [...cells].map(({ innerText }) => innerText.replace('−', '-'))));
  assert.equal(await page.locator(at('head-numbers-table')).count(), 0, 'it is written for who unfolds it');
  await reach(page, `${at('head-numbers')} summary`);
  await page.keyboard.press('Enter');
  await page.waitForSelector(at('head-numbers-table'));
  const table = await lines('head-numbers-table');
  assert.deepEqual(table.map(([name]) => name), names.map((name, token) => `${token} “${name}”`));
  table.forEach(([, ...cells], token) => {
    const weights = row(token);
    cells.forEach((said, key) => {
      if (key > token) assert.equal(said, '', 'what comes later is not looked at');
      else assert.ok(Math.abs(Number(said) - weights[key]) <= 5.1e-4, `${token} ${key}: ${said} ${weights[key]}`);
    });
  });
  // Of another head, others.
  await page.click(at('picture-lines'));
  assert.deepEqual(await lines('head-numbers-table'), table, 'however it is drawn');
  await page.focus(at('grid-canvas'));
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  await page.waitForFunction((title) => document.querySelector(title).innerText.startsWith('Layer 0'), '#head-title');
  const other = row(4, 0, 0);
  const said = (await lines('head-numbers-table'))[4].slice(1);
  said.forEach((one, key) => assert.ok(Math.abs(Number(one) - other[key]) <= 5.1e-4, `${key}: ${one} ${other[key]}`));
  const { summary, heads } = sample.attention[0];
  const figures = await lines('chart-table');
  figures.forEach(([layer, , ...all]) => {
    assert.equal(all.length, heads);
    all.forEach((said, head) => {
      const value = summary.entropy[layer * heads + head];
      assert.ok(Math.abs(Number(said) - value) <= 1e-3 + 5e-3 * value, `${layer} ${head}: ${said} ${value}`);
    });
  });
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
