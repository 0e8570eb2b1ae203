// Attention, seen whole and taken apart: the grid from near, lines, the text, queries and keys, and figures of heads, each read
// back from the page and held against the exported document, the engine's own answer or PyTorch's values.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { engine } from './engine.mjs';
import { greatest, relative } from './numbers.mjs';
import { at, contrast, done, exported, follow, golden, onSentiment, SLOW } from './page.mjs';
import { browser, server } from './site.mjs';

const TEXT = 'A warm, funny and quietly moving film.';
/** More than a hundred tokens, of which no map is sent whole. */
const LONG = Array(9).fill('The film begins slowly, but the actors are warm and the end made me cry.').join(' ');

/** Every weight of one head of a document, row by row. */
function map(attention, layer, head) {
  const { heads, rows, columns, values } = attention;
  const start = (layer * heads + head) * rows * columns;
  return Array.from({ length: rows }, (_, row) => values.slice(start + row * columns, start + (row + 1) * columns));
}

/** Opens a head from the grid with the keyboard. */
async function open(page, layer, head) {
  await page.focus(at('grid-canvas'));
  await page.keyboard.press('Home');
  const across = (await page.getAttribute(at('grid-canvas'), 'data-across')) === 'true';
  for (let step = 0; step < layer; step += 1) await page.keyboard.press(across ? 'ArrowRight' : 'ArrowDown');
  for (let step = 0; step < head; step += 1) await page.keyboard.press(across ? 'ArrowDown' : 'ArrowRight');
  await page.keyboard.press('Enter');
  await page.waitForSelector(`${at('head-canvas')}[data-layer="${layer}"][data-head="${head}"], ${at('lines-canvas')}, ${at('neurons')}`);
}

/** The weights that the text is coloured with. */
const overText = (page) =>
  page.$$eval(`${at('over-text')} [data-weight]`, (all) => all.map((one) => Number(one.dataset.weight)));

/** Waits for a weight over each token. */
const coloured = (page, tokens) =>
  page.waitForFunction(
    ([selector, tokens]) => document.querySelectorAll(selector).length === tokens,
    [`${at('over-text')} [data-weight]`, tokens],
  );

test('lines and the text show the weights of the document', SLOW, async () => {
  const page = await onSentiment(browser, server, TEXT);
  const { attention: [attention] } = await exported(page);
  await open(page, 2, 3);
  const weights = map(attention, 2, 3);
  await page.click(at('picture-lines'));
  await page.click(at('line-head-5'));
  const expected = [[3, weights], [5, map(attention, 2, 5)]].flatMap(([head, rows]) =>
    rows.flatMap((row, from) => row.map((weight, to) => ({ head, from, to, weight }))));
  const strong = (threshold) => expected.filter(({ weight }) => weight > 0 && weight >= threshold);
  const canvas = page.locator(at('lines-canvas'));
  // What is picked is the last answer's; Escape lets go, so that all lines are there.
  await canvas.focus();
  await page.keyboard.press('Escape');
  const count = () => canvas.getAttribute('data-lines').then(Number);
  assert.equal(await count(), strong(Math.fround(0.1)).length);
  await page.locator(at('line-threshold')).fill('40');
  assert.equal(await count(), strong(Math.fround(0.4)).length);
  const [from, to, head, weight] = (await canvas.getAttribute('data-strongest')).split(' ').map(Number);
  const best = strong(0.4).reduce((a, b) => (b.weight > a.weight ? b : a));
  assert.deepEqual([from, to, head], [best.from, best.to, best.head]);
  assert.ok(Math.abs(weight - best.weight) < 1e-6);
  await page.locator(at('line-threshold')).fill('0');
  await page.keyboard.press('Tab');
  await canvas.focus();
  await page.keyboard.press('ArrowDown');
  const row = (rows) => rows[0].filter((weight) => weight > 0).length;
  assert.equal(await count(), row(weights) + row(map(attention, 2, 5)), 'of one token alone');
  assert.match(await page.innerText(at('lines-best')), /looks most with head 3 at “.+” [\d.]+/);

  // The same row over the text, then who looks at that token, then means and rollout.
  const tokens = attention.columns;
  await page.selectOption(at('over-source'), 'head');
  await page.click(`${at('over-text')} [data-at="4"]`);
  assert.ok(greatest(await overText(page), weights[4]) < 1e-6);
  // A token that is picked elsewhere is picked here too.
  await page.click(`${at('tokens')} [data-index="2"]`);
  assert.ok(greatest(await overText(page), weights[2]) < 1e-6);
  await page.click(`${at('over-text')} [data-at="4"]`);
  await page.click(at('over-looked-at'));
  assert.ok(greatest(await overText(page), weights.map((row) => row[4])) < 1e-6);
  await page.click(at('over-looks'));
  const mean = (layers) => {
    const all = layers.flatMap((layer) => Array.from({ length: attention.heads }, (_, head) => map(attention, layer, head)));
    return Array.from({ length: tokens }, (_, row) =>
      Array.from({ length: tokens }, (_, column) => all.reduce((sum, one) => sum + one[row][column], 0) / all.length));
  };
  const layers = Array.from({ length: attention.layers }, (_, layer) => layer);
  await page.selectOption(at('over-source'), 'layer');
  assert.ok(greatest(await overText(page), mean([2])[4]) < 1e-5);
  await page.selectOption(at('over-source'), 'mean');
  assert.ok(greatest(await overText(page), mean(layers)[4]) < 1e-5);
  await page.selectOption(at('over-source'), 'rollout');
  const rollout = layers.map((layer) => mean([layer])).reduce(
    (below, step) => step.map((row, i) => row.map((_, j) =>
      row.reduce((sum, weight, k) => sum + 0.5 * (weight + (k === i ? 1 : 0)) * below[k][j], 0))),
    Array.from({ length: tokens }, (_, i) => Array.from({ length: tokens }, (_, j) => (i === j ? 1 : 0))),
  );
  assert.ok(greatest(await overText(page), rollout[4]) < 1e-5);
  await page.selectOption(at('over-source'), 'flow');
  await coloured(page, tokens);
  await page.waitForFunction((selector) => !document.querySelector(selector).textContent.includes('worked out'), at('over-readout'));
  const flow = await overText(page);
  assert.ok(Math.abs(flow.reduce((sum, one) => sum + one, 0) - 1) < 1e-4, `flow sums to one: ${flow}`);

  // Who it flows from: of each token what its own flow says of this one.
  const worked = () => page.waitForFunction((selector) => !document.querySelector(selector).textContent.includes('worked out'), at('over-readout'), { timeout: 120_000 });
  await page.click(at('over-looked-at'));
  await coloured(page, tokens);
  await worked();
  const into = await overText(page);
  assert.ok(Math.abs(into[4] - flow[4]) < 1e-6, 'its own share');
  await page.click(at('over-looks'));
  await page.click(`${at('over-text')} [data-at="2"]`);
  await coloured(page, tokens);
  await worked();
  assert.ok(Math.abs(into[2] - (await overText(page))[4]) < 1e-6, 'of another token');
  await page.click(`${at('over-text')} [data-at="4"]`);

  // Beside it the gradient's picture of the same text, and how alike the two rank its tokens.
  await page.selectOption(at('over-source'), 'head');
  const { attributions } = await exported(page);
  const ranks = (values) => values.map((value) => values.filter((other) => other < value).length + (values.filter((other) => other === value).length + 1) / 2);
  const saliency = ranks(attributions.find(({ method }) => method === 'saliency').values);
  const looked = ranks(weights[4]);
  const middle = (tokens + 1) / 2;
  const dot = (a, b) => a.reduce((sum, one, index) => sum + (one - middle) * (b[index] - middle), 0);
  const rho = dot(saliency, looked) / Math.sqrt(dot(saliency, saliency) * dot(looked, looked));
  const [, written] = (await page.innerText(at('over-saliency-said'))).match(/: ([+−-]?[\d.]+)\.$/);
  assert.ok(Math.abs(Number(written.replace('−', '-')) - rho) < 0.01, `${written} and ${rho}`);

  // Without special tokens their columns are nought, and the rest of a row sums to one again.
  await page.selectOption(at('over-source'), 'head');
  await page.click(at('without-special'));
  assert.match(await page.innerText(at('left-out')), /2 special tokens/);
  const rest = await overText(page);
  const kept = weights[4].map((weight, token) => (token === 0 || token === tokens - 1 ? 0 : weight));
  const sum = kept.reduce((sum, weight) => sum + weight, 0);
  assert.ok(greatest(rest, kept.map((weight) => weight / sum)) < 1e-5);
  assert.deepEqual(page.complaints, []);
});

test('queries and keys give the head’s map', SLOW, async () => {
  const page = await onSentiment(browser, server, TEXT);
  const { attention: [attention] } = await exported(page);
  await open(page, 4, 7);
  await page.click(at('picture-neurons'));
  await page.waitForSelector(`${at('neurons')}[data-here="true"]`, SLOW);
  const canvas = page.locator(at('neurons-canvas'));
  await canvas.scrollIntoViewIfNeeded();
  // The third key's products, a third of the way through the head's numbers.
  const query = Number(await canvas.getAttribute('data-query'));
  const box = await canvas.boundingBox();
  const name = Math.min(Math.max(box.width * 0.2, 56), 120);
  await page.mouse.move(box.x + name + 20, box.y + 46 + 2.5 * 20);
  const said = await page.innerText(at('neurons-readout'));
  const [, q, k, product] = said.match(/: ([+−-]?[\d.]+) × ([+−-]?[\d.]+) = ([+−-]?[\d.]+)/) ?? [];
  const figure = (text) => Number(text.replace('−', '-'));
  assert.ok(Math.abs(figure(q) * figure(k) - figure(product)) < 0.02, said);
  assert.match(said, /score [+−-]?[\d.]+/);

  // The engine's own numbers: the softmax of the scores is the map.
  const other = await browser.open(server.url);
  const worker = await engine(other);
  const manifest = await (await fetch(`${server.url}models/manifest.json`)).json();
  const model = manifest.models.find(({ id }) => id === 'sentiment');
  const base = `${server.url}models/sentiment/`;
  await worker.ask({ type: 'load', source: { kind: 'registered', model, base } });
  const request = {
    model: 'sentiment', task: 'classify', text: TEXT, target: 'label', read: 'logit', methods: [], attention: 'overview',
  };
  const answer = await worker.ask({ type: 'explain', request });
  assert.equal(answer.type, 'explained', JSON.stringify(answer).slice(0, 300));
  const { neurons, arrays: [, , scores] } = await worker.ask({ type: 'neurons', of: answer.id, kind: 'encoder', head: [4, 7] });
  const rows = map(attention, 4, 7);
  assert.deepEqual([neurons.queries, neurons.keys], [rows.length, rows.length]);
  for (const [at, row] of rows.entries()) {
    const exps = scores.slice(at * row.length, (at + 1) * row.length).map(Math.exp);
    const sum = exps.reduce((sum, one) => sum + one, 0);
    assert.ok(greatest(exps.map((one) => one / sum), row) < 1e-4);
  }
  assert.equal(query, rows.length - 1);
  assert.deepEqual(page.complaints, []);
});

test('of a long text only what is on the screen comes, and comes exactly', SLOW, async () => {
  const page = await onSentiment(browser, server, LONG);
  const document = await exported(page);
  const [attention] = document.attention;
  const { layers, heads, rows, columns, overview } = attention;
  assert.ok(rows > 128 && !attention.values && overview.rows <= 64 && overview.columns <= 64, `${rows} tokens`);
  const carried = () => page.getAttribute(at('carried'), 'data-bytes').then(Number);
  const grid = at('grid-canvas');
  await open(page, 3, 5);
  await page.waitForTimeout(300);
  const whole = layers * heads * rows * columns * 4;
  // The small maps, and as they are the head that the page opened and the one that was opened now.
  assert.equal(await carried(), (layers * heads * overview.rows * overview.columns + 2 * rows * columns) * 4);
  assert.ok((await carried()) < whole / 3, `${await carried()} of ${whole} bytes`);

  // Nearer: what is in view comes in more detail, and nothing else does.
  const before = await carried();
  for (let step = 0; step < 5; step += 1) {
    await page.focus(grid);
    await page.keyboard.press('+');
  }
  await page.waitForFunction(([selector, before]) => Number(document.querySelector(selector).dataset.bytes) > before, [at('carried'), before]);
  await page.waitForTimeout(300);
  assert.ok((await carried()) < whole / 2, `${await carried()} of ${whole} bytes`);

  // The engine's whole answer to the same question.
  const other = await browser.open(server.url);
  const worker = await engine(other);
  const manifest = await (await fetch(`${server.url}models/manifest.json`)).json();
  const model = manifest.models.find(({ id }) => id === 'sentiment');
  await worker.ask({ type: 'load', source: { kind: 'registered', model, base: `${server.url}models/sentiment/` } });
  const request = {
    model: 'sentiment', task: 'classify', text: LONG, target: 'label', read: 'logit', methods: [], attention: 'full',
  };
  const answer = await worker.ask({ type: 'explain', request });
  const exact = map({ ...answer.explanation.attention[0], values: answer.arrays[0] }, 3, 5);
  await page.selectOption(at('over-source'), 'head');
  await page.click(`${at('over-text')} [data-at="40"]`);
  await coloured(page, columns);
  assert.ok(greatest(await overText(page), exact[40]) < 1e-5);
  // Each number of a small map is the greatest of its square.
  const step = Math.ceil(rows / 64);
  const square = (row, column) => Math.max(...exact.slice(row * step, (row + 1) * step).flatMap((line) => line.slice(column * step, (column + 1) * step)));
  const small = overview.values.slice((3 * heads + 5) * overview.rows * overview.columns);
  for (const [row, column] of [[0, 0], [5, 9], [overview.rows - 1, overview.columns - 1]]) {
    assert.ok(Math.abs(small[row * overview.columns + column] - square(row, column)) < 1e-6);
  }
  // Rollout of all heads is worked out where they are.
  await page.selectOption(at('over-source'), 'rollout');
  await coloured(page, columns);
  const rollout = await overText(page);
  assert.ok(Math.abs(rollout.reduce((sum, one) => sum + one, 0) - 1) < 1e-3);
  assert.deepEqual(page.complaints, []);
});

test('a drag moves the grid, a click opens a head, and a pinch comes nearer', SLOW, async () => {
  const page = await browser.open(server.url);
  const canvas = page.locator(at('grid-canvas'));
  await canvas.scrollIntoViewIfNeeded();
  const camera = async () => (await canvas.getAttribute('data-camera')).split(' ').map(Number);
  const box = await canvas.boundingBox();
  const [x, y] = [box.x + 400, box.y + 160];
  await page.mouse.move(x, y);
  // A wheel alone scrolls the page; a pinch on a touchpad arrives with Control.
  await page.keyboard.down('Control');
  for (let step = 0; step < 10; step += 1) await page.mouse.wheel(0, -120);
  await page.keyboard.up('Control');
  await page.waitForFunction((selector) => Number(document.querySelector(selector).dataset.camera.split(' ')[0]) > 4, at('grid-canvas'));
  const [scale, left, top] = await camera();
  await page.mouse.down();
  await page.mouse.move(x - 60, y - 30, { steps: 5 });
  await page.mouse.up();
  const [after, moved, lower] = await camera();
  assert.equal(after, scale);
  assert.ok(Math.abs(moved - left - 60) < 1 && Math.abs(lower - top - 30) < 1, `${[left, top, moved, lower]}`);
  const head = () => page.getAttribute(at('head-canvas'), 'data-layer');
  const opened = await head();
  await page.click(at('grid-whole'));
  assert.deepEqual(await camera(), [1, 0, 0]);
  assert.equal(await head(), opened, 'a drag opens nothing');
  const pitch = Number(await canvas.getAttribute('data-pitch'));
  const again = await canvas.boundingBox();
  await page.mouse.click(again.x + Number(await canvas.getAttribute('data-left')) + pitch * 3.5, again.y + Number(await canvas.getAttribute('data-top')) + pitch * 0.5);
  const across = (await canvas.getAttribute('data-across')) === 'true';
  await page.waitForSelector(`${at('head-canvas')}[data-${across ? 'layer' : 'head'}="3"]`);
  assert.deepEqual(page.complaints, []);
});

test('figures of heads are the reference’s, in the page and in its files', SLOW, async () => {
  const stored = await golden('heads/sentiment', 'plain');
  const page = await onSentiment(browser, server, stored.text, { read: 'logit' });
  await contrast(page);
  await page.check(at('head-figure-ablation'));
  await page.fill(at('patch-text'), stored.second_text);
  await page.click(at('run-heads'));
  await page.waitForSelector(`${at('heads-found')}[data-there="true"]`, { timeout: 240_000 });
  await page.waitForSelector(at('head-table'));
  const saved = async (button) => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(at(button))]);
    return readFile(await download.path(), 'utf8');
  };
  const { heads } = JSON.parse(await saved('save-heads-json'));
  const [profile] = heads.profiles;
  const near = (name, ours, theirs) => assert.ok(relative(ours, theirs) < 1e-3, `${name}: ${relative(ours, theirs)}`);
  const of = (key) => profile.values.map((head) => head[key]);
  for (const key of ['entropy', 'distance', 'previous', 'first', 'special']) near(key, of(key), stored.stacks[0].profile[key]);
  near('importance', of('importance'), stored.stacks[0].importance);
  near('ablation', heads.ablation.heads[0].values, stored.stacks[0].ablation);
  near('patching', heads.patching.z[0].values, stored.stacks[0].patching.z);
  near('residual', heads.patching.residual[0].values, stored.residual.only.values);
  near('lens', heads.lens.logits, stored.lens.logit);
  near('direct', heads.direct.heads[0].values, stored.direct.heads.only);
  assert.equal(heads.lens.wins, stored.lens.wins);

  // The table: all heads, sorted by what is pressed, as the file has them.
  const lines = () => page.$$eval(`${at('head-table')} tbody tr`, (rows) => rows.map((row) => row.dataset.row));
  assert.equal((await lines()).length, 72);
  await page.click(at('sort-head-ablation'));
  const best = stored.stacks[0].ablation.indexOf(Math.max(...stored.stacks[0].ablation));
  assert.equal((await lines())[0], `${Math.floor(best / 12)} ${best % 12}`);
  const csv = (await saved('save-heads-csv')).trim().split('\r\n').map((line) => line.split(','));
  const column = csv[0].indexOf('ablation');
  near('table', csv.slice(1).map((line) => Number(line[column])), stored.stacks[0].ablation);
  const sum = await page.innerText(at('direct-sum'));
  const [, total, logit] = sum.match(/= ([+−-]?\d+\.\d+); the logit is ([+−-]?\d+\.\d+)/).map((text) => Number(text.replace('−', '-')));
  assert.ok(Math.abs(total - logit) < 0.01, sum);
  assert.match(await page.innerText(at('lens-wins')), new RegExp(`layer ${stored.lens.wins} of 6`));
  await page.click(`${at('head-table')} tbody tr:first-child button`);
  await page.waitForSelector(`${at('head-canvas')}[data-layer="${Math.floor(best / 12)}"][data-head="${best % 12}"]`);
  assert.deepEqual(page.complaints, []);
});

test('figures over several texts are their mean, and a link takes the model apart again', SLOW, async () => {
  const stored = await golden('heads/sentiment', 'plain');
  const other = await golden('heads/sentiment', 'negation');
  const page = await onSentiment(browser, server, stored.text, { read: 'logit' });
  await contrast(page);
  for (const figure of ['lens', 'direct']) await page.uncheck(at(`head-figure-${figure}`));
  await page.fill(at('patch-text'), stored.second_text);
  await page.click(at('over-texts-title'));
  await page.click(at('sample-texts'));
  await page.waitForFunction((selector) => document.querySelector(selector).value.split('\n').length > 10, at('heads-texts'));
  await page.fill(at('heads-texts'), `${stored.text}\n\n${other.text}\n`);
  assert.match(await page.innerText(at('over-texts-title')), /2 texts/);
  await page.click(at('run-heads'));
  await page.waitForSelector(at('over-switch'), { timeout: 240_000 });
  const saved = async (from, button) => {
    const [download] = await Promise.all([from.waitForEvent('download'), from.click(at(button))]);
    return readFile(await download.path(), 'utf8');
  };
  const { heads } = JSON.parse(await saved(page, 'save-heads-json'));
  const over = heads.over_texts;
  assert.equal(over.values.length, 2);
  const mean = (key) => stored.stacks[0].profile[key].map((value, at) => (value + other.stacks[0].profile[key][at]) / 2);
  for (const key of ['entropy', 'distance', 'special']) {
    assert.ok(relative(over.profiles[0].values.map((head) => head[key]), mean(key)) < 1e-3, key);
  }
  // The table and the saved one are of the mean, until one looks at this text alone.
  const column = async (from) => {
    const lines = (await saved(from, 'save-heads-csv')).trim().split('\r\n').map((line) => line.split(','));
    const place = lines[0].indexOf('entropy');
    return lines.slice(1).map((line) => Number(line[place]));
  };
  assert.ok(relative(await column(page), mean('entropy')) < 1e-3);
  await page.click(at('heads-this-text'));
  assert.ok(relative(await column(page), stored.stacks[0].profile.entropy) < 1e-3);

  // The maps in the table's order; a click opens one.
  await page.click(at('sort-head-entropy'));
  const { entropy } = stored.stacks[0].profile;
  const best = entropy.indexOf(Math.max(...entropy));
  const [layer, head] = [Math.floor(best / 12), best % 12];
  const maps = page.locator(`${at('ordered-heads')}[data-column="entropy"]`);
  assert.equal(await maps.getAttribute('data-first'), `${layer} ${head}`);
  await maps.scrollIntoViewIfNeeded();
  await maps.click({ position: { x: 20, y: 20 } });
  await page.waitForSelector(`${at('head-canvas')}[data-layer="${layer}"][data-head="${head}"]`);

  // The link asks for all of it again.
  await page.waitForTimeout(500);
  const linked = await follow(browser, page.url());
  await done(linked);
  await linked.waitForSelector(at('over-switch'), { timeout: 240_000 });
  assert.equal(await linked.inputValue(at('patch-text')), stored.second_text);
  assert.equal(await linked.isChecked(at('head-figure-lens')), false);
  const again = JSON.parse(await saved(linked, 'save-heads-json')).heads;
  assert.ok(relative(again.patching.z[0].values, heads.patching.z[0].values) < 1e-5);
  assert.deepEqual(again.over_texts.values.length, 2);
  assert.deepEqual([...page.complaints, ...linked.complaints], []);
});

test('what is changed of the model changes its answer, is taken back, and goes along in the link', SLOW, async () => {
  const stored = await golden('heads/sentiment', 'plain');
  const page = await onSentiment(browser, server, stored.text, { read: 'logit' });
  await contrast(page);
  // The head without which most is lost, by the reference.
  const { ablation } = stored.stacks[0];
  const best = ablation.indexOf(Math.max(...ablation));
  const [layer, head] = [Math.floor(best / 12), best % 12];
  await open(page, layer, head);
  await page.click(at('scale-0'));
  const delta = () => page.getAttribute(at('changed-target'), 'data-delta').then(Number);
  await page.waitForSelector(at('changed-target'), SLOW);
  assert.ok(Math.abs((await delta()) + ablation[best]) < 1e-3, `${await delta()} and ${-ablation[best]}`);
  assert.match(await page.innerText(at('changes')), new RegExp(`L${layer}H${head} taken out`));
  assert.ok((await page.$$(`${at('changed-table')} tbody tr`)).length === 2, 'both labels, before and after');

  // A second change on top; Undo takes it back.
  const before = await delta();
  await page.click(`${at('over-text')} [data-at="2"]`);
  await page.click(at('hide-token'));
  await page.waitForFunction(([selector, before]) => {
    const delta = document.querySelector(selector)?.dataset.delta;
    return delta !== undefined && Number(delta) !== before;
  }, [at('changed-target'), before], SLOW);
  assert.match(await page.innerText(at('changes')), /2 “.*warm.*” hidden/);
  const both = await delta();
  await page.waitForTimeout(500);
  const link = page.url();
  await page.click(at('undo'));
  await page.waitForFunction(([selector, before]) => Math.abs(Number(document.querySelector(selector)?.dataset.delta) - before) < 1e-6,
    [at('changed-target'), before], SLOW);

  // The link brings both changes and what they do.
  const other = await follow(browser, link);
  await done(other);
  await other.waitForSelector(at('changed-target'), SLOW);
  assert.ok(Math.abs(Number(await other.getAttribute(at('changed-target'), 'data-delta')) - both) < 1e-4);

  await page.click(at('clear-changes'));
  await page.waitForSelector(at('changed'), { state: 'detached' });
  assert.deepEqual(page.complaints, []);
});
