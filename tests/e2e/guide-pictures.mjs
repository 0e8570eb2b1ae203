// The pictures of the README and of the guide, as the page draws them in each language: of the explanation that it opens with, and of
// what was computed before by the same engine (fixtures/guide: rounded to six digits, and attention as figures alone, which is all that
// these pictures need):
//
//   methods.json: `headlight explain --model sentiment --text "The film is long, but the actors are wonderful." --target label:positive
//     --read prob`, with the methods and measures that are in it and --lime-samples 1000
//   heads.json: `headlight explain --model smollm2 --text "When Mary and John went to the store, John gave a drink to" --target
//     "next: Mary" --foil " John" --profile --lens --direct --ablate`
//   other.json: `headlight explain --model smollm2 --text "The capital of Germany is" --target "next: Paris"`, with saliency too
//   writing.json: what the page had from SmolLM2 for “The sun rises in the”: nine tokens of what it writes, nine of what it writes after
//     “ east”, what each of those rests on, and where the last layer looks

import { readFile } from 'node:fs/promises';

import { begin, check, choose } from './learner.mjs';
import { at, done } from './page.mjs';
import { encode, pixels } from './pictures.mjs';
import { entry, script } from './scripted.mjs';

/** Where the pictures are committed. */
export const FOLDER = new URL('../../docs/guide/images/', import.meta.url);

/** Where those of each language are in it. */
export const FOLDERS = { en: '', zh: 'zh/' };

const DESK = { width: 1240, height: 860 };
/** As wide as the guide's text, so that a panel is read there as large as it is. */
const NARROW = { width: 800, height: 860 };
/** How much of what is around an element is in its picture, in pixels. */
const ROOM = 10;
/** The most colours of a picture that has one byte a pixel. */
const COLOURS = 256;

const json = async (path) => JSON.parse(await readFile(new URL(path, import.meta.url), 'utf8'));
const fixture = (name) => json(`fixtures/guide/${name}.json`);
/** What the page opens with. */
const sample = () => json('../../web/page/assets/sample.json');

/**
 * Makes every picture.
 *
 * @returns {Promise<Map<string, { png: Buffer, width: number, height: number, data: Buffer }>>} by name, with the folder of its language
 */
export async function shots(browser, server) {
  const made = new Map();
  for (const [language, folder] of Object.entries(FOLDERS)) {
    const stage = {
      /** Opens the page in the language; `scripted` puts an engine in its place first. */
      async open({ query = '', viewport = DESK, colorScheme = 'light', scripted } = {}) {
        const page = await browser.open(undefined, { viewport, deviceScaleFactor: 1, colorScheme, reducedMotion: 'reduce' });
        await scripted?.(page);
        await page.goto(`${server.url}?lang=${language}${query}`);
        await page.waitForSelector(`${at('over-text')} [data-weight]`, { state: 'attached' });
        await page.waitForFunction((language) => document.documentElement.lang.startsWith(language), language);
        return page;
      },
      async keep(page, name, png) {
        const picture = fewer(await pixels(page, png));
        made.set(folder + name, { ...picture, png: encode(picture) });
      },
    };
    await keepFirst(stage);
    if (language === 'en') await keepDark(stage);
    for (const keep of [keepComparison, keepHeads, keepWriting, keepOther, keepLesson, keepPresented]) await keep(stage);
  }
  return made;
}

/** What the page opens with, its attention, and what a phone shows of what the answer rests on. */
async function keepFirst({ open, keep }) {
  const page = await open();
  await rested(page);
  await keep(page, 'page', await whole(page));
  await keep(page, 'attention', await element(page, '.attention-panel'));
  await keep(page, 'head', await element(page, '.head-view'));
  await page.setViewportSize({ width: 360, height: 780 });
  await rested(page);
  await keep(page, 'phone', await between(page, '.tokens-panel', '.answer-panel'));
  await ended(page);
}

/** The same in the dark, for the README. */
async function keepDark({ open, keep }) {
  const page = await open({ colorScheme: 'dark' });
  await rested(page);
  await keep(page, 'page-dark', await whole(page));
  await ended(page);
}

/** Several methods over a sentence, with their curves and their table. */
async function keepComparison({ open, keep }) {
  const stored = await fixture('methods');
  const model = entry('sentiment', stored.model.title, 'bert', ['classify'], [['classify', stored.input.text]]);
  const page = await open({ scripted: (page) => script(page, [model], (request) => compared(stored, request)) });
  await answered(page, 'classify', stored.input.text);
  const shown = ['grad_x_input', 'integrated_gradients', 'partition_shap', 'attention'];
  for (const { method } of stored.attributions) await page.setChecked(at(`tick-${method}`), shown.includes(method));
  for (const measure of ['curves', 'erasure', 'tau_loo', 'sensitivity_max', 'randomization']) await page.check(at(`measure-${measure}`));
  await page.click(at('run-comparison'));
  await page.waitForSelector(`${at('method-row')}[data-method="partition_shap"]`);
  await page.waitForSelector(at('deletion'));
  await rested(page);
  await keep(page, 'methods', await between(page, at('method-rows'), '.table-box.figures ~ .caption'));
  await ended(page);
}

/** What the layers and heads of SmolLM2 do for one name rather than another. */
async function keepHeads({ open, keep }) {
  const stored = await fixture('heads');
  const page = await open({
    scripted: (page) => script(page, [smollm2(stored)], (request) => {
      const { heads, ...rest } = structuredClone(stored);
      return request.heads?.length ? { ...rest, heads } : rest;
    }),
  });
  await answered(page, 'continue', stored.input.text);
  for (const name of ['lens', 'direct', 'ablation']) await page.check(at(`head-figure-${name}`));
  await page.click(at('run-heads'));
  await page.waitForSelector(at('lens-canvas'));
  await page.click(at('sort-head-direct'));
  await rested(page);
  await keep(page, 'heads', await between(page, at('heads-found'), `${at('heads-found')} ${at('heat-canvas')}`, { below: 2 }));
  await ended(page);
}

/** What SmolLM2 writes, the way it goes with another second token, and what each token of that rests on. */
async function keepWriting({ open, keep }) {
  const stored = await fixture('writing');
  const others = { generate: written, trace: traced };
  const page = await open({
    viewport: NARROW,
    scripted: (page) => script(page, [smollm2(stored.explanation)], () => structuredClone(stored.explanation), undefined,
      (type, command) => others[type]?.(stored, command) ?? []),
  });
  await answered(page, 'continue', stored.explanation.input.text);
  const rest = () => page.waitForSelector(`${at('writing')}[data-running="false"] [data-step="8"]`);
  await page.click(at('write-on'));
  await rest();
  await page.click(`${at('written')} [data-step="0"]`);
  await page.click(`${at('step')} [data-candidate="${stored.ways[1][0].token.id}"]`);
  await rest();
  await page.click(at('trace-all'));
  await page.waitForSelector(`${at('triangle')}[data-rows="9"]`);
  await page.click(at('gaze-ask'));
  await page.waitForSelector(`${at('gaze')} [data-value]`);
  await page.click(`${at('triangle')} ${at('triangle-shown')}:nth-child(1)`);
  await rested(page);
  await keep(page, 'writing', await between(page, at('writing'), at('ways')));
  const map = `${at('triangle')} ${at('heat-canvas')}`;
  await keep(page, 'triangle', await between(page, at('triangle'), map, { above: -2, below: 2 }));
  await ended(page);
}

/** “France” changed to “Germany”. */
async function keepOther({ open, keep }) {
  const [mine, theirs] = [await sample(), await fixture('other')];
  const page = await open({
    viewport: NARROW,
    scripted: (page) => script(page, [smollm2(mine)], ({ text }) => structuredClone(text === theirs.input.text ? theirs : mine)),
  });
  await answered(page, 'continue', mine.input.text);
  await page.fill(at('other-text'), theirs.input.text);
  await page.click(at('ask-other'));
  await page.waitForSelector(at('other-target'));
  await rested(page);
  await keep(page, 'other', await between(page, at('other'), '.other-rows > .caption'));
  await ended(page);
}

/** A step of a lesson, with the right answer. */
async function keepLesson({ open, keep }) {
  const mine = await sample();
  const page = await open({ query: '&lesson', scripted: (page) => script(page, [smollm2(mine)], () => structuredClone(mine)) });
  await begin(page, 'attention');
  await choose(page, 2);
  await check(page);
  await rested(page);
  await keep(page, 'lesson', await whole(page));
  await ended(page);
}

/** One panel in large type. */
async function keepPresented({ open, keep }) {
  const page = await open({ query: '&present', viewport: { width: 1240, height: 700 } });
  await page.keyboard.press('PageDown');
  await rested(page);
  await keep(page, 'present', await whole(page));
  await ended(page);
}

/** An entry for SmolLM2, which has answered before. */
const smollm2 = ({ model, input }) => entry('smollm2', model.title, 'llama', ['continue'], [['continue', input.text]]);

/** What was stored of what the model writes, on its own or where its second token is another. */
function written({ ways: [own, other] }, { id, generation }) {
  const given = generation.written ?? [];
  const steps = (given.length > 0 ? other : own).slice(given.length);
  const text = steps.map((step) => step.adds).join('');
  const events = steps.map((step) => ({ wrote: { id, step } }));
  return [...events, { generated: { id, generated: { generation, tokens: 3, steps, text, ended: false } } }];
}

/** What was stored of what written tokens rest on, or of where the model looks. */
function traced({ triangle, gazed }, { id, trace }) {
  const stored = trace.gaze ? gazed : triangle;
  const wanted = trace.steps?.length ? stored.rows.filter(({ step }) => trace.steps.includes(step)) : stored.rows;
  return [wanted, []].map((rows) => ({ traced: { id, new: { ...stored, rows } } }));
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

const whole = (page) => page.screenshot({ animations: 'disabled' });
const element = (page, selector) => page.locator(selector).screenshot({ animations: 'disabled' });

/** What lies from the top of one element to the bottom of another, with some of what is around. */
async function between(page, first, last, { above = ROOM, below = ROOM } = {}) {
  const clip = await page.evaluate(([first, last, room, above, below]) => {
    const [a, b] = [first, last].map((selector) => document.querySelector(selector).getBoundingClientRect());
    const [left, right] = [Math.min(a.left, b.left) - room, Math.max(a.right, b.right) + room];
    const top = a.top - above + scrollY;
    return { x: left, y: top, width: right - left, height: b.bottom + below + scrollY - top };
  }, [first, last, ROOM, above, below]);
  return page.screenshot({ clip, fullPage: true, animations: 'disabled' });
}

/**
 * The picture with no more colours than a palette holds: boxes of like colours, of which the one that is furthest from its mean is cut
 * in two until there are enough. A colour counts by the root of its pixels, so that scales keep theirs beside large grounds.
 */
function fewer({ width, height, data }) {
  const counts = new Map();
  for (let at = 0; at < data.length; at += 4) {
    const key = data.readUIntBE(at, 3);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const all = [...counts].map(([key, count]) => ({ key, parts: [key >> 16, (key >> 8) & 255, key & 255], count, weight: Math.sqrt(count) }));
  const boxes = [boxed(all)];
  while (boxes.length < COLOURS) {
    const worst = boxes.reduce((worst, box, at) => (box.spread > boxes[worst].spread ? at : worst), 0);
    const { inside, mean, part, spread } = boxes[worst];
    if (spread === 0) break;
    const halves = [[], []];
    for (const one of inside) halves[Number(one.parts[part] > mean[part])].push(one);
    boxes.splice(worst, 1, ...halves.map(boxed));
  }
  const made = new Map();
  for (const { inside, mean } of boxes) {
    // A ground stays as it is.
    const most = inside.reduce((most, one) => (one.count > most.count ? one : most));
    const isMost = most.count * 2 > inside.reduce((sum, one) => sum + one.count, 0);
    const [red, green, blue] = isMost ? most.parts : mean.map(Math.round);
    for (const { key } of inside) made.set(key, (red << 16) | (green << 8) | blue);
  }
  const fewer = Buffer.alloc(data.length, 255);
  for (let at = 0; at < data.length; at += 4) fewer.writeUIntBE(made.get(data.readUIntBE(at, 3)), at, 3);
  return { width, height, data: fewer };
}

/** Colours with their mean, how far they are from it in all, and the part of them that is furthest. */
function boxed(inside) {
  const sum = (of) => inside.reduce((sum, one) => sum + one.weight * of(one.parts), 0);
  const weight = sum(() => 1);
  const mean = [0, 1, 2].map((part) => sum((parts) => parts[part]) / weight);
  const spreads = mean.map((mean, part) => sum((parts) => (parts[part] - mean) ** 2));
  const part = spreads.indexOf(Math.max(...spreads));
  return { inside, mean, part, spread: inside.length > 1 ? spreads[0] + spreads[1] + spreads[2] : 0 };
}
