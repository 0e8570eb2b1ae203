// A phone of 360 px and a finger: taps, two fingers that come nearer, and one that drags, with real touch events. What the page opens
// with is enough.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { at, exported } from './page.mjs';
import { browser, server } from './site.mjs';

const LIMIT = { timeout: 120_000 };
const PHONE = { viewport: { width: 360, height: 780 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

const numbers = async (page, id, name) => (await page.getAttribute(at(id), name)).split(' ').map(Number);

/** Fingers that go from one place to another in steps, together. */
async function drag(page, fingers, steps = 8) {
  const session = await page.context().newCDPSession(page);
  const where = (share) => fingers.map(([[x, y], [to, down]], id) => ({ id, x: x + (to - x) * share, y: y + (down - y) * share }));
  await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: where(0) });
  for (let step = 1; step <= steps; step += 1) {
    await session.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: where(step / steps) });
  }
  await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  await session.detach();
}

/** Opens the page and brings a part of it to the middle of the screen. */
async function open() {
  const page = await browser.open(server.url, PHONE);
  await page.waitForSelector(`${at('over-text')} [data-weight]`);
  return page;
}

async function box(page, id) {
  await page.$eval(at(id), (element) => element.scrollIntoView({ block: 'center', behavior: 'instant' }));
  await page.waitForTimeout(100);
  return page.locator(at(id)).boundingBox();
}

test('a tap picks a token, opens a head and reads a weight', LIMIT, async () => {
  const page = await open();
  await page.tap(`${at('tokens')} [data-index="2"]`);
  assert.equal(await page.getAttribute(`${at('tokens')} [data-index="2"]`, 'aria-selected'), 'true');

  const grid = await box(page, 'grid-canvas');
  const [[left], [top], [pitch]] = await Promise.all(['left', 'top', 'pitch'].map((name) => numbers(page, 'grid-canvas', `data-${name}`)));
  // On a narrow screen the layers go down.
  await page.touchscreen.tap(grid.x + left + 3.4 * pitch, grid.y + top + 5.4 * pitch);
  const head = await page.$eval(at('head-canvas'), ({ dataset }) => [Number(dataset.layer), Number(dataset.head)]);
  assert.deepEqual(head, [5, 3]);

  const map = await box(page, 'head-canvas');
  const [[x], [y], [side]] = await Promise.all(['left', 'top', 'cell'].map((name) => numbers(page, 'head-canvas', `data-${name}`)));
  await page.touchscreen.tap(map.x + x + 0.5 * side, map.y + y + 3.5 * side);
  const { rows, columns, heads, values } = (await exported(page)).attention[0];
  const weight = values[((5 * heads + 3) * rows + 3) * columns];
  assert.ok((await page.innerText(at('readout'))).endsWith(`: ${Math.fround(weight).toFixed(3)}`), await page.innerText(at('readout')));
  assert.equal(await page.getAttribute(`${at('tokens')} [data-index="3"]`, 'aria-selected'), 'true', 'its row is picked');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('two fingers come nearer, one goes along, and the page scrolls where nothing is near', LIMIT, async () => {
  const page = await open();
  const camera = () => numbers(page, 'grid-canvas', 'data-camera');
  const settled = async () => {
    await page.waitForTimeout(300);
    return camera();
  };
  const scrolled = () => page.evaluate(() => scrollY);
  let grid = await box(page, 'grid-canvas');
  const middle = () => [grid.x + grid.width / 2, grid.y + grid.height / 2];

  const before = await scrolled();
  let [x, y] = middle();
  await drag(page, [[[x, y + 60], [x, y - 100]]]);
  await page.waitForFunction((before) => scrollY > before + 50, before);
  assert.deepEqual(await camera(), [1, 0, 0], 'one finger on the whole grid scrolls the page');

  grid = await box(page, 'grid-canvas');
  [x, y] = middle();
  await drag(page, [[[x - 20, y], [x - 90, y]], [[x + 20, y], [x + 90, y]]]);
  const near = await settled();
  assert.ok(near[0] > 3 && near[0] < 6, `fingers that go 4.5 times as far apart: ${near}`);

  await drag(page, [[[x, y], [x - 60, y - 20]]]);
  const along = await settled();
  assert.equal(along[0], near[0]);
  assert.ok(along[1] > near[1], `the view goes with the finger: ${near} and ${along}`);

  await drag(page, [[[x - 90, y], [x - 15, y]], [[x + 90, y], [x + 15, y]]]);
  assert.ok((await settled())[0] < near[0] / 2, 'and two that come together go away again');
  assert.equal(await page.evaluate(() => visualViewport.scale), 1, 'the page itself was not zoomed');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
