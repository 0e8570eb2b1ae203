// The pictures of the README and of the guide, as the page draws them: of the explanation that it opens with, and of two that were
// computed before with `headlight explain` (fixtures/guide: rounded to six digits, and their attention as figures alone, which is all
// that these pictures need):
//
//   methods.json: --model sentiment --text "The film is long, but the actors are wonderful." --target label:positive --read prob, with the
//     methods and measures that are in it and --lime-samples 1000
//   heads.json: --model smollm2 --text "When Mary and John went to the store, John gave a drink to" --target "next: Mary" --foil " John"
//     --profile --lens --direct --ablate

import { readFile } from 'node:fs/promises';

import { at, done } from './page.mjs';
import { encode, pixels } from './pictures.mjs';
import { entry, script } from './scripted.mjs';

/** Where the pictures are committed. */
export const FOLDER = new URL('../../docs/guide/images/', import.meta.url);

const DESK = { width: 1240, height: 860 };
/** The most colours of a picture that has one byte a pixel. */
const COLOURS = 256;

const fixture = async (name) => JSON.parse(await readFile(new URL(`fixtures/guide/${name}.json`, import.meta.url), 'utf8'));

/**
 * Makes every picture.
 *
 * @returns {Promise<Map<string, { png: Buffer, width: number, height: number, data: Buffer }>>} by name
 */
export async function shots(browser, server) {
  const made = new Map();
  const keep = async (page, name, png) => {
    const picture = fewer(await pixels(page, png));
    made.set(name, { ...picture, png: encode(picture) });
  };
  for (const [name, colorScheme] of [['page', 'light'], ['page-dark', 'dark']]) {
    const page = await opened(browser, colorScheme, (page) => page.goto(server.url));
    await rested(page);
    await keep(page, name, await page.screenshot({ animations: 'disabled' }));
    if (colorScheme === 'light') {
      await keep(page, 'attention', await element(page, '.attention-panel'));
      await keep(page, 'head', await element(page, '.head-view'));
    }
    await ended(page);
  }
  await keepComparison(browser, server, keep);
  await keepHeads(browser, server, keep);
  return made;
}

/** Several methods over a sentence, with their curves and their table. */
async function keepComparison(browser, server, keep) {
  const stored = await fixture('methods');
  const page = await opened(browser, 'light', async (page) => {
    const model = entry('sentiment', stored.model.title, 'bert', ['classify'], [['classify', stored.input.text]]);
    await script(page, [model], (request) => compared(stored, request));
    await page.goto(server.url);
  });
  await answered(page, 'classify', stored.input.text);
  const shown = ['grad_x_input', 'integrated_gradients', 'partition_shap', 'attention'];
  for (const { method } of stored.attributions) await page.setChecked(at(`tick-${method}`), shown.includes(method));
  for (const measure of ['curves', 'erasure', 'tau_loo', 'sensitivity_max', 'randomization']) await page.check(at(`measure-${measure}`));
  await page.click(at('run-comparison'));
  await page.waitForSelector(`${at('method-row')}[data-method="partition_shap"]`);
  await page.waitForSelector(at('deletion'));
  await rested(page);
  await keep(page, 'methods', await between(page, at('method-rows'), `${at('methods')} table`));
  await ended(page);
}

/** What the layers and heads of SmolLM2 do for one name rather than another. */
async function keepHeads(browser, server, keep) {
  const stored = await fixture('heads');
  const page = await opened(browser, 'light', async (page) => {
    const model = entry('smollm2', stored.model.title, 'llama', ['continue'], [['continue', stored.input.text]]);
    await script(page, [model], (request) => {
      const { heads, ...rest } = structuredClone(stored);
      return request.heads?.length ? { ...rest, heads } : rest;
    });
    await page.goto(server.url);
  });
  await answered(page, 'continue', stored.input.text);
  for (const name of ['lens', 'direct', 'ablation']) await page.check(at(`head-figure-${name}`));
  await page.click(at('run-heads'));
  await page.waitForSelector(at('lens-canvas'));
  await page.click(at('sort-head-direct'));
  await rested(page);
  await keep(page, 'heads', await between(page, at('heads-found'), at('heads-found'), 960));
  await ended(page);
}

/** The stored document with the methods that were asked for, in their order, and the measures where these were. */
function compared(stored, { methods, measures }) {
  const document = structuredClone(stored);
  const places = methods.map((method) => document.attributions.findIndex((one) => one.method === method));
  const missing = methods.filter((_, at) => places[at] < 0);
  if (missing.length > 0) throw new Error(`fixtures/guide/methods.json has no ${missing.join(', ')}.`);
  const back = new Map(places.map((from, to) => [from, to]));
  document.attributions = places.map((place) => stored.attributions[place]);
  const agreement = stored.agreement.filter(({ pair }) => pair.every((place) => back.has(place)));
  document.agreement = agreement.map((one) => ({ ...one, pair: one.pair.map((place) => back.get(place)).sort((a, b) => a - b) }));
  document.faithfulness.methods = places.map((place) => stored.faithfulness.methods[place]);
  if (!measures?.length) delete document.faithfulness;
  return document;
}

async function opened(browser, colorScheme, open) {
  const page = await browser.open(undefined, { viewport: DESK, deviceScaleFactor: 1, colorScheme, reducedMotion: 'reduce' });
  await open(page);
  await page.waitForSelector(`${at('over-text')} [data-weight]`);
  return page;
}

/** Asks what a script answers. */
async function answered(page, task, text) {
  await page.click(`${at('task')} [data-task="${task}"]`);
  await page.fill(at('text'), `${text} `);
  await page.fill(at('text'), text);
  await page.waitForTimeout(500);
  await done(page);
}

async function rested(page) {
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.activeElement?.blur?.());
  await page.waitForTimeout(500);
}

async function ended(page) {
  if (page.complaints.length > 0) throw new Error(`The page complains: ${JSON.stringify(page.complaints)}`);
  await page.context().close();
}

const element = (page, selector) => page.locator(selector).screenshot({ animations: 'disabled' });

/** What lies from the top of one element to the bottom of another, at most so high. */
async function between(page, first, last, most = Infinity) {
  const clip = await page.evaluate(([first, last, most]) => {
    const [a, b] = [first, last].map((selector) => document.querySelector(selector).getBoundingClientRect());
    const room = 10;
    const [left, right] = [Math.min(a.left, b.left) - room, Math.max(a.right, b.right) + room];
    const top = a.top - room + scrollY;
    return { x: left, y: top, width: right - left, height: Math.min(b.bottom + room + scrollY - top, most) };
  }, [first, last, Number.isFinite(most) ? most : 1e9]);
  return page.screenshot({ clip, fullPage: true, animations: 'disabled' });
}

/** The picture with no more colours than a palette holds: its most frequent ones, and the nearest of them for the rest. */
function fewer({ width, height, data }) {
  const counts = new Map();
  // Steps of four are not seen, and make the edges of letters alike.
  const coarse = Buffer.from(data, 0);
  for (let at = 0; at < coarse.length; at += 4) {
    for (let colour = at; colour < at + 3; colour += 1) coarse[colour] = Math.min(255, Math.round(coarse[colour] / 4) * 4);
    const key = coarse.readUIntBE(at, 3);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const split = (key) => [key >> 16, (key >> 8) & 255, key & 255];
  const palette = [...counts].sort(([, a], [, b]) => b - a).slice(0, COLOURS).map(([key]) => [key, split(key)]);
  const nearest = new Map(palette.map(([key]) => [key, key]));
  const find = (key) => {
    const [red, green, blue] = split(key);
    let best = [Infinity, key];
    for (const [other, [r, g, b]] of palette) {
      const far = (red - r) ** 2 + (green - g) ** 2 + (blue - b) ** 2;
      if (far < best[0]) best = [far, other];
    }
    nearest.set(key, best[1]);
    return best[1];
  };
  for (let at = 0; at < coarse.length; at += 4) {
    const key = coarse.readUIntBE(at, 3);
    coarse.writeUIntBE(nearest.get(key) ?? find(key), at, 3);
  }
  return { width, height, data: coarse };
}
