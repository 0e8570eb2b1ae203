// The pictures of this page, made by the real page in Chromium with SmolLM2 on the CPU, in about four minutes. Which heads are
// shown follows from the numbers: the one that writes most for the right name of those that look most at it, beside it the one of
// its layer that writes most, and the one with the greatest induction score.
//
// usage: node pictures.mjs --text TEXT --right TOKEN --wrong TOKEN --other TEXT, as `cargo xtask study heads` does

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { launch } from '../../tests/e2e/browser.mjs';
import { at, done, exported } from '../../tests/e2e/page.mjs';
import { serve } from '../../tests/e2e/server.mjs';

const { values: asked } = parseArgs({
  options: { text: { type: 'string' }, right: { type: 'string' }, wrong: { type: 'string' }, other: { type: 'string' } },
});
const PATIENCE = 900_000;
/** Words that nothing ties to each other, said twice: what follows a word is known only from its first time. */
const WORDS = ' lamp river seven green door paper stone music';
const TWICE = `Say${WORDS}${WORDS}`;
const DESK = { width: 1180, height: 900 };

const server = await serve();
const browser = await launch();
try {
  const page = await browser.open(`${server.url}?device=cpu`, { viewport: DESK, colorScheme: 'light' });
  await page.waitForSelector(`${at('model-select')} option[value="smollm2"]`, { state: 'attached' });
  await ask(page, asked.text);
  await explain(page);
  const document = await exported(page);
  const figures = await measure(page);
  const { mover, beside, induction } = choose(document, figures);

  // As wide as makes their squares small enough for a page that is read, and as high as none of them is.
  await page.setViewportSize({ width: 320, height: 1600 });
  await map(page, 'direct', 'Direct');
  await map(page, 'ablation', 'Ablation');
  await page.setViewportSize({ width: 470, height: 1600 });
  await figure(page, 'patching', 'Residual before each layer');
  await page.setViewportSize({ width: 700, height: 1200 });
  const title = await page.innerText('#lens-title');
  if (title !== 'The difference after each layer') throw new Error(`Of a difference of two logits the lens shows “${title}”.`);
  await shoot(page, 'lens', '#lens-title', at('lens-wins'));

  await page.setViewportSize(DESK);
  await open(page, mover);
  await page.click(at('picture-lines'));
  await page.click(at(`line-head-${beside[1]}`));
  await page.click(`${at('tokens')} [data-index="${document.input.tokens.length - 1}"]`);
  await shoot(page, 'mover', '.head-view .panel-head', at('lines-best'));

  await open(page, induction);
  await page.click(at('picture-map'));
  await ask(page, TWICE);
  // The first word's second time.
  const { input } = await exported(page);
  const again = input.tokens.findLastIndex(({ text }) => text === ' lamp');
  await page.click(`${at('tokens')} [data-index="${again}"]`);
  await shoot(page, 'induction', '.head-view .panel-head', at('row-line'));
  if (page.complaints.length > 0) throw new Error(JSON.stringify(page.complaints));
} finally {
  await browser.close();
  await server.close();
}

/** Types a text and waits for its explanation. */
async function ask(page, text) {
  await page.fill(at('text'), text);
  await page.waitForTimeout(600);
  await done(page, text.slice(-12));
}

/** Asks why the right name rather than the wrong one. */
async function explain(page) {
  const candidate = (token) => page.locator(`${at('candidates')} li`, { hasText: token.replace(/^ /, '·') });
  await candidate(asked.right).locator('button.bar-row').click();
  await page.waitForTimeout(100);
  await done(page);
  await candidate(asked.wrong).locator('button.versus').click();
  await page.waitForTimeout(100);
  await done(page);
}

/** Takes the model apart, and gives all figures of heads. */
async function measure(page) {
  for (const name of ['lens', 'direct', 'ablation', 'induction']) await page.check(at(`head-figure-${name}`));
  await page.fill(at('patch-text'), asked.other);
  await page.click(at('run-heads'));
  await page.waitForSelector(`${at('heads-found')}[data-there="true"]`, { timeout: PATIENCE });
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(at('save-heads-json'))]);
  return JSON.parse(await readFile(await download.path(), 'utf8')).heads;
}

/** The heads that are shown, each as its layer and its number in it. */
function choose({ input, attention: [attention] }, { direct, induction }) {
  const { heads, rows, columns, values } = attention;
  const writes = direct.heads[0].values;
  const right = input.tokens.findLastIndex(({ text }) => text === asked.right);
  const best = (all, score) => all.reduce((a, b) => (score(b) > score(a) ? b : a));
  const all = writes.map((_, head) => head);
  const looks = (head) => values.slice(head * rows * columns + (rows - 1) * columns, (head + 1) * rows * columns);
  const mover = best(all.filter((head) => looks(head)[right] === Math.max(...looks(head))), (head) => writes[head]);
  const layer = Math.floor(mover / heads);
  const beside = best(all.filter((head) => Math.floor(head / heads) === layer && head !== mover), (head) => writes[head]);
  const place = (head) => [Math.floor(head / heads), head % heads];
  return { mover: place(mover), beside: place(beside), induction: place(best(all, (head) => induction.scores.values[head])) };
}

/** Opens a head from the table of all. */
async function open(page, [layer, head]) {
  await page.click(`${at('head-table')} [data-head="${layer} ${head}"]`);
  await page.waitForFunction(
    (title) => document.querySelector('#head-title')?.textContent === title, `Layer ${layer} · Head ${head}`);
}

/** A figure of all heads as a map: that by which the table is sorted. */
async function map(page, name, title) {
  await page.click(at(`sort-head-${name}`));
  await figure(page, name, title);
}

/** A map by what stands above it. */
async function figure(page, name, title) {
  const found = page.locator('figure.heat', { has: page.locator('figcaption b', { hasText: title }) }).first();
  await found.evaluate((element) => { element.id = 'shown'; });
  await shoot(page, name, '#shown figcaption', '#shown .chart-frame');
  await found.evaluate((element) => element.removeAttribute('id'));
}

/** Saves what lies from the top of one element to the bottom of another, with some room around. */
async function shoot(page, name, first, last) {
  await page.mouse.move(0, 0);
  await page.locator(last).scrollIntoViewIfNeeded();
  await page.locator(first).scrollIntoViewIfNeeded();
  await page.waitForTimeout(400);
  const clip = await page.evaluate(([first, last]) => {
    const [a, b] = [first, last].map((selector) => document.querySelector(selector).getBoundingClientRect());
    const room = 10;
    const left = Math.max(0, Math.min(a.left, b.left) - room);
    const right = Math.min(innerWidth, Math.max(a.right, b.right) + room);
    // Less above: what stands there may be close.
    const top = Math.min(a.top, b.top) - 2 + scrollY;
    return { x: left, y: top, width: right - left, height: Math.max(a.bottom, b.bottom) + room + scrollY - top };
  }, [first, last]);
  await page.screenshot({ path: fileURLToPath(new URL(`${name}.png`, import.meta.url)), clip, fullPage: true });
}
