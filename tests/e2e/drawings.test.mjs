// Every drawing of attention, as it is painted, against pictures that were looked at and committed: of the explanation that the
// page opens with, and of numbers from a script where a drawing needs an engine. `HEADLIGHT_PICTURES=write` makes them anew.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { at, done, exported } from './page.mjs';
import { committed, compare, hold, ofCanvas, ofElement } from './pictures.mjs';
import { entry, script } from './scripted.mjs';
import { browser, server } from './site.mjs';

const DESK = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 780 };
const LIMIT = { timeout: 120_000 };

/** Opens the page with the explanation that it brings along. */
async function open() {
  const page = await browser.open(server.url, { viewport: DESK, deviceScaleFactor: 1, colorScheme: 'light' });
  await page.waitForSelector(`${at('over-text')} [data-weight]`);
  return page;
}

/** Makes the page light or dark, and waits until it has painted itself anew. */
async function turn(page, colorScheme) {
  await page.emulateMedia({ colorScheme });
  await page.waitForFunction(
    ([selector, isDark]) => document.querySelector(selector).getContext('2d').getImageData(0, 0, 1, 1).data[0] < 128 === isDark,
    [at('grid-canvas'), colorScheme === 'dark'],
  );
}

/** Makes the page another size, and waits until it has painted itself anew. */
async function resize(page, viewport) {
  const before = await size(page, 'grid-canvas');
  await page.setViewportSize(viewport);
  await page.waitForFunction(([selector, width]) => document.querySelector(selector).width !== width, [at('grid-canvas'), before.width]);
}

const size = (page, id) => page.$eval(at(id), ({ width, height }) => ({ width, height }));
/** Numbers that a canvas says of itself. */
const said = (page, id, names) =>
  page.$eval(at(id), ({ dataset }, names) => names.map((name) => Number(dataset[name])), names);

/** Where each drawing has no text, as `web/page/src/draw` lays it out. */
const AREAS = {
  async 'grid-canvas'(page) {
    const { width, height } = await size(page, 'grid-canvas');
    return [...(await said(page, 'grid-canvas', ['left', 'top'])), width, height];
  },
  async 'head-canvas'(page) {
    const [left, top, cell, rows, columns] = await said(page, 'head-canvas', ['left', 'top', 'cell', 'rows', 'columns']);
    return [left, top, left + cell * columns, top + cell * rows];
  },
  async 'lines-canvas'(page) {
    const { width, height } = await size(page, 'lines-canvas');
    const side = Math.min(width * 0.3, 170);
    return [side, 0, width - side, height];
  },
  async 'chart-canvas'(page) {
    const { width, height } = await size(page, 'chart-canvas');
    return [42, 10, width - 12, height - 30];
  },
  async 'lens-canvas'(page) {
    const { width, height } = await size(page, 'lens-canvas');
    return [48, 10, width - 12, height - 30];
  },
  async 'heat-canvas'(page) {
    const { width, height } = await size(page, 'heat-canvas');
    const [rows, columns] = await said(page, 'heat-canvas', ['rows', 'columns']);
    return [30, height - 1 - (rows * (width - 31)) / columns, width, height];
  },
  async 'neurons-canvas'(page) {
    const { width, height } = await size(page, 'neurons-canvas');
    const name = Math.min(Math.max(width * 0.2, 56), 120);
    const figures = Math.min(Math.max(width * 0.24, 112), 130);
    return [name + 4, 46, width - figures - 2, height];
  },
};

/** Holds a canvas against its picture, and says how near they are. */
async function drawn(page, name, canvas) {
  const { share, block, mean, ink } = await hold(page, name, await ofCanvas(page, at(canvas)), await AREAS[canvas](page));
  const figures = [share, block, mean, ink].map((figure) => Number(figure.toPrecision(3)));
  console.log(`${name}: share ${figures[0]}, of a block ${figures[1]}, mean ${figures[2]}, ink of labels ${figures[3]}`);
}

/**
 * The picture of an element by itself at the corner of the page: the text above it is as high as its font, and a part of a pixel
 * lower is another picture.
 */
async function alone(page, selector, [width, height]) {
  await page.$eval(selector, (element, [width, height]) => {
    const { style } = element;
    // A panel holds what lies in it, and would have the element at its own corner.
    element.closest('.panel').style.setProperty('contain', 'none');
    const pinned = { position: 'fixed', left: '0', top: '0', width, height, margin: '0', 'z-index': '99', background: 'canvas' };
    for (const [name, value] of Object.entries(pinned)) style.setProperty(name, value);
  }, [`${width}px`, `${height}px`]);
  const picture = await ofElement(page, selector);
  await page.$eval(selector, (element) => {
    element.removeAttribute('style');
    element.closest('.panel').style.removeProperty('contain');
  });
  return picture;
}

/** Makes pieces of text as wide as each other and their text unseen: fonts differ from machine to machine. */
const plain = (page, selector) =>
  page.$$eval(`${selector} .over-token, ${selector} .token`, (all) => {
    for (const { style } of all) {
      style.setProperty('color', 'transparent', 'important');
      const sized = { display: 'inline-block', width: '40px', height: '24px', margin: '0 4px 0 0', padding: '0', overflow: 'hidden' };
      for (const [name, value] of Object.entries(sized)) style.setProperty(name, value);
    }
  });

test('the grid of all heads is painted as it was, light and dark, on a desk and on a phone, and from near', LIMIT, async () => {
  const page = await open();
  await drawn(page, 'grid-desk-light', 'grid-canvas');
  await turn(page, 'dark');
  await drawn(page, 'grid-desk-dark', 'grid-canvas');
  await resize(page, PHONE);
  await drawn(page, 'grid-phone-dark', 'grid-canvas');
  await turn(page, 'light');
  await drawn(page, 'grid-phone-light', 'grid-canvas');
  await resize(page, DESK);
  for (let step = 0; step < 3; step += 1) await page.click(at('grid-nearer'));
  // The head in the middle has its tokens' names; right of it there is no text.
  const [, top, right, bottom] = await AREAS['grid-canvas'](page);
  await hold(page, 'grid-near', await ofCanvas(page, at('grid-canvas')), [right * 0.55, top, right, bottom]);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('one head is painted as it was: as a map, picked, as lines and over the text', LIMIT, async () => {
  const page = await open();
  await drawn(page, 'head-light', 'head-canvas');
  await turn(page, 'dark');
  await drawn(page, 'head-dark', 'head-canvas');
  await page.click(at('picture-lines'));
  await page.click(at('line-all'));
  await drawn(page, 'lines-dark', 'lines-canvas');
  await turn(page, 'light');

  await page.click(at('picture-map'));
  // A row that is picked, and a cell that is pointed at, lie over the canvas.
  await page.click(`${at('tokens')} [data-index="3"]`);
  await page.focus(at('head-canvas'));
  for (const key of ['ArrowDown', 'ArrowRight', 'ArrowUp']) await page.keyboard.press(key);
  const [left, top, cell] = await said(page, 'head-canvas', ['left', 'top', 'cell']);
  const area = [left - 3, top - 3, left + 5 * cell - 3, top + 5 * cell - 3];
  await hold(page, 'head-picked', await alone(page, '.head-stage', [440, 440]), area);

  await page.click(at('picture-lines'));
  await two(page, 5);
  await drawn(page, 'lines-light', 'lines-canvas');
  for (let token = 0; token < 4; token += 1) await page.keyboard.press('ArrowDown');
  await drawn(page, 'lines-of-one', 'lines-canvas');

  for (const [name, id] of [['over-text', 'over-text'], ['over-saliency', 'over-saliency'], ['text', 'tokens']]) {
    await plain(page, at(id));
    await hold(page, name, await alone(page, at(id), [260, 40]));
  }
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

/** Shows two heads as lines from so many hundredths on, of all tokens. */
async function two(page, threshold) {
  await page.click(at('line-head-1'));
  await page.locator(at('line-threshold')).fill(`${threshold}`);
  await page.focus(at('lines-canvas'));
  await page.keyboard.press('Escape');
}

test('figures by layer are plotted as they were', LIMIT, async () => {
  const page = await open();
  await drawn(page, 'entropy-light', 'chart-canvas');
  await page.getByRole('button', { name: 'Mean distance' }).click();
  await drawn(page, 'distance-light', 'chart-canvas');
  await resize(page, PHONE);
  await turn(page, 'dark');
  await drawn(page, 'distance-dark', 'chart-canvas');
  await page.getByRole('button', { name: 'Mean entropy' }).click();
  await drawn(page, 'entropy-dark', 'chart-canvas');
  await page.context().close();
});

/** Numbers that are the same each time and look like nothing else. */
const wave = (count, pace) => Array.from({ length: count }, (_, at) => Math.sin(at * pace) * Math.cos(at * 0.37 + pace));

test('what needs an engine is painted as it was: a lens, maps of heads and tokens, queries and keys', LIMIT, async () => {
  const first = await open();
  const sample = await exported(first);
  await first.context().close();
  const { layers, heads } = sample.model;
  const tokens = sample.input.tokens.length;
  const kind = sample.attention[0].kind;
  const ofHeads = (pace) => [{ kind, layers, heads, values: wave(layers * heads, pace) }];
  const found = {
    lens: { values: wave(layers + 1, 0.11).map((value, at) => value * 4 + (at / layers) ** 3 * 18 - 4), wins: 26 },
    ablation: { factor: 0, value: 17, heads: ofHeads(0.9), mlps: [] },
    patching: {
      text: 'The capital of Spain is', value: 17, other_value: 12, z: ofHeads(0.31), pattern: ofHeads(0.53),
      residual: [{ kind, layers, tokens, values: wave(layers * tokens, 0.23) }],
    },
  };
  const neurons = () => {
    const width = 64;
    const scores = wave(tokens * tokens, 0.7).map((value, at) => (at % tokens > Math.floor(at / tokens) ? -1e9 : value * 3));
    return { queries: tokens, keys: tokens, width, query_values: wave(tokens * width, 0.19), key_values: wave(tokens * width, 0.41), scores };
  };
  const page = await browser.open(undefined, { deviceScaleFactor: 1, colorScheme: 'light', viewport: { width: 800, height: 900 } });
  const model = entry(sample.model.id, sample.model.title, 'llama', ['continue'], []);
  await script(page, [model], (request) => ({ ...structuredClone(sample), ...(request.patch ? { heads: found } : {}) }), neurons);
  await page.goto(server.url);
  await page.waitForSelector(at('over-text'));
  await page.fill(at('text'), sample.input.text);
  await done(page);
  await page.click(at('picture-neurons'));
  await page.waitForSelector(`${at('neurons')}[data-here="true"]`);
  await page.fill(at('patch-text'), found.patching.text);
  await page.click(at('run-heads'));
  await page.waitForSelector(at('lens-canvas'));
  for (const colorScheme of ['light', 'dark']) {
    await turn(page, colorScheme);
    for (const name of ['neurons', 'lens', 'heat']) await drawn(page, `${name}-${colorScheme}`, `${name}-canvas`);
  }
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('another drawing is refused', LIMIT, async () => {
  const page = await open();
  const refuse = async (what, name, canvas, actual, area) => {
    const [picture, within] = [actual ?? (await ofCanvas(page, at(canvas))), area ?? (await AREAS[canvas](page))];
    const { faults } = compare(await committed(page, name), picture, within);
    console.log(`${what}: ${faults.join('; ')}`);
    assert.ok(faults.length > 0, `${what} is refused`);
  };
  const grid = await committed(page, 'grid-desk-light');
  const area = await AREAS['grid-canvas'](page);
  assert.deepEqual(compare(grid, grid, area).faults, []);
  await refuse('another theme', 'grid-desk-dark', 'grid-canvas');
  await refuse('another width', 'grid-phone-light', 'grid-canvas');
  /** The same picture with some of its pixels in the places of others. */
  const changed = ({ width, height, data }, make) => {
    const other = Buffer.from(data);
    for (let pixel = 0; pixel < width * height; pixel += 1) {
      const from = make(pixel % width, Math.floor(pixel / width));
      if (from !== undefined) data.copy(other, pixel * 4, from * 4, from * 4 + 4);
    }
    return { width, height, data: other };
  };
  // One head of 270 in the place of another, and everything a pixel lower.
  const [pitch, left, top] = await said(page, 'grid-canvas', ['pitch', 'left', 'top']);
  const isIn = (x, y) => x >= left + pitch * 7 && x < left + pitch * 8 && y >= top + pitch * 2 && y < top + pitch * 3;
  const neighbour = changed(grid, (x, y) => (isIn(x, y) ? y * grid.width + Math.round(x + pitch) : undefined));
  await refuse('one head in the place of another', 'grid-desk-light', 'grid-canvas', neighbour);
  await refuse('a pixel lower', 'grid-desk-light', 'grid-canvas', changed(grid, (x, y) => (y > top ? (y - 1) * grid.width + x : undefined)));
  const unnamed = changed(grid, (x, y) => (x < area[0] || y < area[1] ? 0 : undefined));
  await refuse('a grid without its numbers', 'grid-desk-light', 'grid-canvas', unnamed);

  await refuse('the map in dark colours', 'head-dark', 'head-canvas');
  await page.focus(at('grid-canvas'));
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.waitForSelector(`${at('head-canvas')}[data-layer="24"]`);
  await refuse('the map of another head', 'head-light', 'head-canvas');
  await refuse('the mark of another head', 'entropy-light', 'chart-canvas');
  await page.getByRole('button', { name: 'Mean distance' }).click();
  await refuse('another figure', 'entropy-light', 'chart-canvas');

  // The lines of the first picture, but one.
  await page.focus(at('grid-canvas'));
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  await page.click(at('picture-lines'));
  await two(page, 5);
  const count = () => page.getAttribute(at('lines-canvas'), 'data-lines').then(Number);
  const all = await count();
  await drawn(page, 'lines-light', 'lines-canvas');
  for (let threshold = 6; (await count()) === all; threshold += 1) await page.locator(at('line-threshold')).fill(`${threshold}`);
  console.log(`${await count()} of ${all} lines are left`);
  await refuse('a line too few', 'lines-light', 'lines-canvas');
  await page.context().close();
});
