// What is drawn of texts that a model wrote, of a changed word and of two explanations is saved as everything else; and on what ground a
// drawing lies is the reader's to say. The engine is a script.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { faults } from './axe.mjs';
import { drawing, picture } from './drawn.mjs';
import { at, done, exported, saved } from './page.mjs';
import { force, open, probs, TEXT, written } from './scribe.mjs';

const LIMIT = { timeout: 120_000 };

/** The lines of a table, each in its cells; what stands in quotes may hold commas. */
const cells = (bytes) =>
  bytes.toString('utf8').trimEnd().split('\r\n').map((line) => {
    const parts = line.split(/("(?:[^"]|"")*")/u);
    const found = [''];
    for (const [place, part] of parts.entries()) {
      const [first, ...more] = place % 2 ? [part] : part.split(',');
      found[found.length - 1] += first;
      found.push(...more);
    }
    return found;
  });
/** A column of a table as numbers; no number where a cell is empty. */
const column = (lines, name) => lines.slice(1).map((line) => (line[lines[0].indexOf(name)] === '' ? NaN : Number(line[lines[0].indexOf(name)])));
const close = (ours, theirs, name) => {
  assert.equal(ours.length, theirs.length, name);
  ours.forEach((one, place) => assert.ok(Object.is(one, theirs[place]) || Math.abs(one - theirs[place]) < 1e-12, `${name} ${place}: ${one} and ${theirs[place]}`));
};
const values = (page, selector) => page.$$eval(`${selector} [data-value]`, (all) => all.map((one) => Number(one.dataset.value)));
const shown = (page, selector) => page.$$eval(selector, (all) => all.map((one) => one.textContent));

/** Saves a drawing in all its forms: its texts, and its table. */
async function forms(page, name) {
  const opener = `save-${name}`;
  const svg = await saved(page, 'svg', opener);
  assert.match(svg.name, new RegExp(`-${name}\\.svg$`, 'u'));
  const { texts, size, title } = await drawing(page, svg.bytes);
  await picture(page, (await saved(page, 'png', opener)).bytes, size);
  return { texts, title, lines: cells((await saved(page, 'csv', opener)).bytes), svg: svg.bytes.toString('utf8') };
}

test('ways that were taken are saved as a tree, with every token of each and where it leaves another', LIMIT, async () => {
  const page = await open({ acceptDownloads: true });
  const first = [await written(page), await probs(page)];
  await force(page, 2, 1);
  const second = [await written(page), await probs(page)];
  await force(page, 5, 2);
  const third = [await written(page), await probs(page)];
  const { texts, title, lines, svg } = await forms(page, 'tree');
  assert.equal(title, 'Ways in which Scribe goes on');
  // The text, and of every branch its token and share, in the order of the page.
  assert.ok(texts.includes(TEXT), texts.join('|'));
  const shares = await shown(page, `${at('ways')} button .figure`);
  const tokens = await shown(page, `${at('ways')} button b`);
  assert.deepEqual(texts.filter((text) => text.endsWith(' %')), shares);
  assert.equal((svg.match(/<circle /gu) ?? []).length, tokens.length);
  for (const token of tokens) assert.ok(texts.includes(token), token);
  assert.deepEqual(lines[0], ['way', 'from_way', 'from_token', 'token', 'id', 'text', 'prob']);
  // Way 0 stands there; the others follow as they were left.
  for (const [way, [ids, sure]] of [third, first, second].entries()) {
    const own = [lines[0], ...lines.slice(1).filter(([number]) => Number(number) === way)];
    close(column(own, 'id'), ids, `ids of way ${way}`);
    close(column(own, 'prob'), sure, `probabilities of way ${way}`);
  }
  const leaves = (way) => lines.find(([number]) => number === String(way)).slice(1, 3);
  assert.deepEqual([leaves(0), leaves(1), leaves(2)], [['', ''], ['0', '2'], ['0', '5']]);

  // What stands there, by how sure each token was.
  const sure = await forms(page, 'written');
  const spaced = (text) => text.replace(/^·/u, '');
  const all = await shown(page, `${at('written')} [data-step]`);
  for (const token of all) assert.ok(sure.texts.includes(spaced(token)), token);
  close(column(sure.lines, 'prob'), third[1], 'probabilities');
  close(column(sure.lines, 'id'), third[0], 'ids');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('what one written token rests on, looks at and might have been is saved', LIMIT, async () => {
  const page = await open({ acceptDownloads: true });
  await page.click(`${at('written')} [data-step="4"]`);
  await page.waitForSelector(`${at('step')} .step-text [data-value]`);
  await page.click(at('gaze-ask'));
  await page.waitForSelector(`${at('gaze')} [data-value]`);
  await page.selectOption(at('gaze-head'), '2');
  await page.waitForFunction((selector) => /head 1/.test(document.querySelector(selector).innerText), at('gaze'));

  const row = await forms(page, 'row');
  const own = `${at('step')} > .step-text`;
  assert.deepEqual(row.lines[0], ['token', 'id', 'text', 'written', 'saliency', 'grad_x_input']);
  close(column(row.lines, 'grad_x_input'), await values(page, own), 'gradient × input');
  // The script says so of the text's four tokens and four that were written.
  close(column(row.lines, 'saliency'), Array.from({ length: 8 }, (_, place) => Math.abs(Math.sin(place * 1.7 + 4))), 'saliency');
  assert.deepEqual(row.lines.slice(1).map(([, , , isWritten]) => isWritten), [...Array(4).fill('false'), ...Array(4).fill('true')]);
  for (const text of await shown(page, `${own} [data-value]`)) assert.ok(row.texts.includes(text), text);
  assert.ok(row.texts.some((text) => text.includes('→')) && /^Token 4: “.*”: Gradient × input, Scribe$/u.test(row.title), row.title);

  const gaze = await forms(page, 'gaze');
  assert.deepEqual(gaze.lines[0], ['token', 'id', 'text', 'written', 'attention']);
  const weights = await values(page, at('gaze'));
  close(column(gaze.lines, 'attention'), weights, 'attention');
  assert.ok(Math.abs(weights.reduce((sum, one) => sum + one, 0) - 1) < 1e-9 && /: Layer 2, head 1, Scribe$/u.test(gaze.title), gaze.title);

  const others = await forms(page, 'others');
  const probabilities = await page.$$eval(`${at('step')} [data-candidate]`, (all) => all.map((one) => Number(one.dataset.prob)));
  close(column(others.lines, 'prob'), probabilities, 'what else');
  for (const label of await shown(page, `${at('step')} .bar-label`)) assert.ok(others.texts.includes(label), label);
  const serious = (await faults(page)).filter(({ impact }) => ['serious', 'critical'].includes(impact));
  assert.deepEqual(serious, []);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('both texts with a changed word are saved with their difference, and two explanations side by side', LIMIT, async () => {
  const page = await open({ acceptDownloads: true });
  const before = await exported(page);
  await page.fill(at('other-text'), 'Once upon a very cold time');
  await page.click(at('ask-other'));
  await page.waitForSelector(at('other-target'));
  const { texts, lines, title, svg } = await forms(page, 'other');
  assert.match(title, /^Gradient × input for “.*” in both texts$/u);
  for (const text of ['This text', 'The other text', 'The other less this one, where tokens are the same']) assert.ok(texts.includes(text), text);
  assert.equal(texts.filter((text) => text === 'cold').length, 2, 'in the other text and in the difference');
  assert.equal((svg.match(/stroke-dasharray/gu) ?? []).length, 2, 'two tokens have no counterpart');
  const of = (what) => [lines[0], ...lines.slice(1).filter(([name]) => name === what)];
  const row = (name) => values(page, `[data-row="${name}"]`);
  const tokens = of('token');
  const numbers = (name) => column(tokens, name).filter((one) => !Number.isNaN(one));
  close(numbers('this'), await row('this'), 'this text');
  const that = tokens.slice(1).filter((line) => line[3] !== '').sort((a, b) => a[3] - b[3]);
  close(column([tokens[0], ...that], 'that'), await row('that'), 'the other text');
  close(column([tokens[0], ...that], 'change').filter((one) => !Number.isNaN(one)), await row('change'), 'their difference');
  close(column(of('target'), 'change'), [Number(await page.getAttribute(at('other-target'), 'data-delta'))], 'the target');
  close(column(of('candidate'), 'this'), before.output.top.map(({ prob }) => prob), 'candidates');

  // The other text asked about outright, and both laid side by side.
  await page.fill(at('text'), 'Once upon a cold time');
  await page.waitForTimeout(500);
  await done(page, 'Once upon a cold time');
  const past = page.locator(`${at('past')} li`);
  for (const place of [1, 0]) await past.nth(place).getByRole('button', { name: /^Compare/u }).click();
  await page.waitForSelector(at('beside'));
  const beside = await forms(page, 'beside');
  await page.click(`${at('beside')} summary`);
  const table = await page.$$eval(`${at('beside-table')} tbody tr`, (all) => all.map((line) => [...line.cells].map(({ innerText }) => innerText)));
  assert.deepEqual(beside.lines[0], ['text', 'first', 'second', 'difference']);
  const rounded = (text) => (text === '' ? NaN : Number(text.replaceAll('−', '-').replace('+', '')));
  for (const [place, name] of ['first', 'second', 'difference'].entries()) {
    const all = column(beside.lines, name);
    table.forEach((line, token) => {
      const said = rounded(line[place + 1]);
      assert.ok(Object.is(said, all[token]) || Math.abs(said - all[token]) < 6e-4, `${name} ${token}: ${said} and ${all[token]}`);
    });
  }
  for (const text of ['first', 'second', 'difference']) assert.ok(beside.texts.includes(text), text);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a drawing lies on white unless its reader says otherwise, by keys, and that is remembered', LIMIT, async () => {
  const page = await open({ acceptDownloads: true, colorScheme: 'dark', viewport: { width: 360, height: 780 } });
  const bytes = async () => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click(`${at('save-dialog')} ${at('svg')}`)]);
    return readFile(await download.path());
  };
  const ground = (svg) => svg.toString('utf8').match(/<rect width="100%" height="100%" fill="(#\w+)"/u)?.[1];
  await page.focus(at('save-tokens'));
  await page.keyboard.press('Enter');
  assert.equal(ground(await bytes()), '#ffffff', 'paper, though the page is dark');
  await page.focus(at('save-select'));
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'save-ground');
  const before = await page.getAttribute(at('save-preview'), 'src');
  await page.keyboard.press('ArrowDown');
  assert.equal(await page.inputValue(at('save-ground')), 'dark');
  assert.notEqual(await page.getAttribute(at('save-preview'), 'src'), before, 'it is shown as it will be');
  const dark = await bytes();
  assert.equal(ground(dark), '#171a20');
  await page.keyboard.press('Escape');
  await picture(page, (await saved(page, 'png', 'save-tokens')).bytes, (await drawing(page, dark)).size, true);

  // With nothing behind it a picture is seen through at its corner, and its texts are those of the theme.
  await page.click(at('save'));
  await page.selectOption(at('save-ground'), 'clear-dark');
  const clear = await bytes();
  assert.equal(ground(clear), undefined);
  assert.ok(clear.includes('fill="#eae7e0"'), 'light letters');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(`${at('save-dialog')} ${at('png')}`)]);
  const png = (await readFile(await download.path())).toString('base64');
  const corner = await page.evaluate(async (data) => {
    const image = await createImageBitmap(new Blob([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], { type: 'image/png' }));
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
    context.drawImage(image, 0, 0);
    return [...context.getImageData(1, 1, 1, 1).data];
  }, png);
  assert.equal(corner[3], 0);
  const serious = (await faults(page)).filter(({ impact }) => ['serious', 'critical'].includes(impact));
  assert.deepEqual(serious, []);
  const box = await page.locator(at('save-dialog')).boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= 360, JSON.stringify(box));
  await page.click(at('save-close'));
  await page.reload();
  await page.waitForSelector(at('save-tokens'));
  await page.click(at('save'));
  assert.equal(await page.inputValue(at('save-ground')), 'clear-dark');
  assert.equal(ground(await bytes()), undefined);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
