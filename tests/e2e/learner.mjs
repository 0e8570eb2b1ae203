// What a learner does in a lesson: reads the page, computes, answers. Nothing here reads a lesson's rules.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { at, attribution, done, exported } from './page.mjs';

const SLOWEST = { timeout: 240_000 };

/** What a step says of the last answer. */
export const verdict = (page) => page.getAttribute(at('lesson-verdict'), 'data-verdict');

/** Opens a lesson and goes to its first step. */
export async function begin(page, lesson) {
  await page.click(`[data-lesson-id="${lesson}"]`);
  await page.click(at('lesson-begin'));
  await settled(page);
}

/** Waits until the answer to what a step has set up is on the page. */
export async function settled(page) {
  await page.waitForTimeout(300);
  await done(page);
}

/** Presses Check and holds what it says against what is expected. */
export async function check(page, expected = 'right') {
  await page.click(at('lesson-check'));
  await page.waitForSelector(at('lesson-verdict'));
  const said = await page.innerText(at('lesson-verdict'));
  assert.equal(await verdict(page), expected, said);
  assert.doesNotMatch(said, /\{\d\}|–/, 'every value is filled in');
  return said;
}

export const choose = (page, option) => page.click(`[data-choice="${option}"]`);
export const type = (page, number) => page.fill(at('lesson-number'), String(number));

/** Goes on to the next step, which must be the expected one. */
export async function next(page) {
  const before = Number(await page.getAttribute(at('lesson-step'), 'data-step'));
  assert.equal(await page.getAttribute(at('lesson-step'), 'data-solved'), 'true');
  await page.click(at('lesson-next'));
  await page.waitForSelector(`${at('lesson-step')}[data-step="${before + 1}"]`);
  await settled(page);
}

const pick = (page, token) => page.click(`${at('tokens')} [data-index="${token}"]`);

/** A row of a head's weights. */
function row(document, [layer, head], query) {
  const { heads, rows, columns, values } = document.attention[0];
  const start = ((layer * heads + head) * rows + query) * columns;
  return values.slice(start, start + columns);
}

const most = (values) => values.indexOf(Math.max(...values));
const number = (text) => Number(text.replace('−', '-').replace('+', ''));

/** Reads the sum of products and the score of the shown query and a key. */
async function inside(page, key) {
  await page.waitForSelector(`${at('neurons')}[data-here="true"]`, SLOWEST);
  await page.focus('#head-neurons');
  await page.keyboard.press('ArrowRight');
  for (let line = 0; line < 5; line += 1) await page.keyboard.press('Shift+ArrowUp');
  for (let line = 0; line < key; line += 1) await page.keyboard.press('Shift+ArrowDown');
  const said = await page.innerText(at('neurons-readout'));
  const [, sum, score] = said.match(/([−+\d.]+)[^−+\d]+([−+\d.]+)$/);
  return { sum: number(sum), score: number(score) };
}

/** The change of the target, once the changed model has answered. */
async function delta(page) {
  await page.waitForSelector(at('changed-target'), SLOWEST);
  return Number(await page.getAttribute(at('changed-target'), 'data-delta'));
}

async function attention(page) {
  const document = await exported(page);
  const last = row(document, [23, 4], 4);
  await check(page, 'not-yet');
  await choose(page, 0);
  await check(page, 'wrong');
  assert.equal(most(last), 3);
  await choose(page, 2);
  assert.match(await check(page), /France/);
  await next(page);

  await type(page, 'much');
  await check(page, 'not-yet');
  await type(page, last.reduce((sum, one) => sum + one).toFixed(2));
  await check(page);
  await next(page);
  await type(page, 0);
  await check(page);
  await next(page);

  await type(page, 64);
  await check(page);
  await next(page);
  const first = await inside(page, 0);
  await type(page, (first.sum / 8).toFixed(3));
  await check(page);
  assert.ok(Math.abs(first.sum / 8 - first.score) < 0.02, 'the score is the sum over the root of 64');
  await next(page);
  const other = await inside(page, 0);
  const own = await inside(page, 1);
  await type(page, 0.5);
  await check(page, 'wrong');
  await type(page, (1 / (1 + Math.exp(own.score - other.score))).toFixed(3));
  await check(page);
  await next(page);

  await check(page, 'wrong');
  await page.focus('#head-grid');
  await page.keyboard.press('Home');
  await page.keyboard.press('Enter');
  await page.waitForSelector(`${at('head-canvas')}[data-layer="0"][data-head="0"]`);
  await check(page);
  await next(page);

  await choose(page, 0);
  await check(page, 'not-yet');
  await page.click(at('scale-0'));
  const change = await delta(page);
  await choose(page, change < -0.1 ? 0 : change > 0.1 ? 1 : 2);
  await check(page);
}

/** The column of the table of heads, from the greatest down. */
async function column(page, name) {
  return page.$$eval(
    `${at('heads-found')} tr[data-row]`,
    (rows, name) => {
      const heads = [...rows[0].closest('table').querySelectorAll('thead th')];
      const place = heads.findIndex((head) => head.querySelector(`[data-sort="${name}"]`));
      const all = rows.map((row) => [row.dataset.row, Number(row.children[place].textContent.replace('−', '-'))]);
      return all.filter(([, value]) => !Number.isNaN(value)).sort((a, b) => b[1] - a[1]);
    },
    name,
  );
}

async function heads(page) {
  await choose(page, 1);
  assert.match(await check(page), /river/);
  await next(page);
  await choose(page, 1);
  await check(page);
  await next(page);

  await type(page, 1);
  await check(page, 'not-yet');
  await page.click(at('run-heads'));
  await page.waitForSelector(`${at('heads-found')}[data-there="true"] tr[data-row]`, SLOWEST);
  const previous = await column(page, 'previous');
  await type(page, previous.filter(([, share]) => share > 0.5).length);
  await check(page);
  await next(page);
  await page.click(`[data-head="${previous[0][0]}"]`);
  await check(page);
  await next(page);
  await check(page, 'wrong');
  await page.click(`[data-head="${(await column(page, 'induction'))[0][0]}"]`);
  await check(page);
  await next(page);
  assert.equal(most(row(await exported(page), [18, 6], 10)), 5);
  await choose(page, 1);
  await check(page);
  await next(page);
  await check(page, 'wrong');
  await page.fill(at('text'), 'apple stone green window music apple stone green window');
  await page.waitForTimeout(600);
  await done(page);
  await check(page);
}

async function gradients(page) {
  const document = await exported(page);
  await type(page, document.target.value.toFixed(2));
  await check(page);
  await next(page);
  await check(page, 'not-yet');
  const saliency = attribution(document, 'saliency');
  await pick(page, 0);
  await check(page, 'wrong');
  await pick(page, most(saliency));
  await check(page);
  await next(page);
  await choose(page, saliency.some((value) => value < 0) ? 1 : 0);
  await check(page);
  await next(page);
  const product = attribution(await exported(page), 'grad_x_input');
  await pick(page, most(product.map((value) => -value)));
  await check(page);
  await next(page);
  const gap = product.reduce((sum, one) => sum + one) - document.target.value;
  await choose(page, Math.abs(gap) <= 1 ? 0 : gap < 0 ? 1 : 2);
  await check(page);
  await next(page);
  await choose(page, 0);
  await check(page, 'not-yet');
  await page.click(at('hide-token'));
  const change = await delta(page);
  await choose(page, change < -1 ? 0 : change > 1 ? 1 : 2);
  await check(page);
  await next(page);
  await page.click(at('hide-token'));
  await type(page, (await delta(page)).toFixed(3));
  await check(page);
}

/** Runs the ticked methods and gives the document. */
async function compared(page) {
  await page.click(at('run-comparison'));
  await page.waitForSelector(at('run-comparison'), SLOWEST);
  await page.waitForSelector(at('save-comparison'), SLOWEST);
  await page.waitForSelector(at('comparison-stale'), { state: 'detached' });
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(at('save-comparison'))]);
  return JSON.parse(await readFile(await download.path(), 'utf8'));
}

async function notExplanation(page) {
  await choose(page, 0);
  await check(page);
  await next(page);
  await choose(page, 3);
  await check(page, 'not-yet');
  const document = await compared(page);
  const place = (method) => document.attributions.findIndex((one) => one.method === method);
  const rho = (document, pair) => document.agreement.find((one) => pair.every((at) => one.pair.includes(at))).spearman;
  const words = document.input.tokens.map(({ text, special }, at) => (special ? -1 : attribution(document, 'attention')[at]));
  await choose(page, ['thin', 'but', 'acting', 'wonderful'].indexOf(document.input.tokens[most(words)].text));
  await check(page);
  await next(page);
  await type(page, rho(document, [place('saliency'), place('attention')]).toFixed(3));
  await check(page);
  await next(page);
  const { methods, random } = document.faithfulness;
  const of = (name) => methods.find(({ method }) => method === name);
  const order = ['saliency', 'grad_x_input', 'occlusion', 'attention'];
  await choose(page, most(order.map((name) => of(name).erasure.aopc_comprehensiveness ?? 0)));
  await check(page);
  await next(page);
  const areas = random.deletion.areas;
  await type(page, (areas.reduce((sum, one) => sum + one) / areas.length).toFixed(3));
  await check(page);
  await next(page);
  const beats = (name) => of(name).deletion.better_than >= 0.95;
  await choose(page, beats('saliency') ? (beats('attention') ? 0 : 2) : beats('attention') ? 1 : 3);
  await check(page);
  await next(page);
  await check(page, 'wrong');
  await page.fill(at('text'), 'I expected to hate this film, and I loved it.');
  await page.waitForTimeout(600);
  await done(page);
  await check(page, 'not-yet');
  await compared(page);
  await check(page);
}

async function contrast(page) {
  const document = await exported(page);
  const prob = (text) => document.output.top.find((one) => one.text === text).prob;
  await choose(page, prob(' she') > prob(' he') ? 0 : 1);
  await check(page);
  await next(page);
  await check(page, 'wrong');
  const id = (text) => document.output.top.find((one) => one.text === text).id;
  await page.click(`${at('candidates')} button.bar-row[data-id="${id(' she')}"]`);
  await settled(page);
  await page.click(`${at('candidates')} button.versus[data-versus="${id(' he')}"]`);
  await settled(page);
  await check(page);
  await next(page);
  await type(page, (prob(' she') / prob(' he')).toFixed(2));
  await check(page);
  await next(page);
  await pick(page, most(attribution(await exported(page), 'grad_x_input')));
  await check(page);
  await next(page);
  for (let step = 0; step < 2; step += 1) {
    const { value } = (await exported(page)).target;
    await choose(page, value > 0.5 ? 0 : value < 0 ? 1 : 2);
    await check(page);
    await next(page);
  }
  await page.fill(at('text'), 'The driver told the mechanic that');
  await page.waitForTimeout(600);
  await done(page);
  await check(page);
}

/** Every lesson, as a learner goes through it. */
export const LESSONS = { attention, heads, gradients, 'not-explanation': notExplanation, contrast };
