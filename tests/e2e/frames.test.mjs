// How smoothly the grid of heads moves at its largest: SmolLM2's 30 × 9 heads over 512 tokens.

import assert from 'node:assert/strict';
import { loadavg } from 'node:os';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { LONG, TOKENS } from './long.mjs';
import { heap, resident } from './memory.mjs';
import { at, done, exported } from './page.mjs';
import { browser, server } from './site.mjs';

/** How long each gesture goes on, in milliseconds. */
const SPAN = 4000;
/** How often a gesture is made: the best counts, since what is measured is the page, not what else runs just then. */
const TRIES = 3;
/** A frame of a screen that shows 60 a second. */
const FRAME = 1000 / 60;
/** Browsers' clocks are coarse. */
const COARSE = 1.05;
/**
 * What the 95th percentile may be, in milliseconds. A frame takes one, two or more of the screen's, so that nineteen of twenty
 * are on time. On two cores without a GPU, put before the compilers that ran too, it was 16.8 both ways with the marks over
 * the grid hidden; when each step made them anew, for which Chromium paints and layers all of the page, zooming took 33 to 100,
 * and 33 in the middle.
 */
const MOST = 1.5 * FRAME;
/** How often a mouse says where it is, in milliseconds: often enough for every frame to have moved. */
const REPORT = 8;

/** Notes each frame from now on: when it began, and where the grid stood. */
const note = (page) => page.evaluate((selector) => {
  const canvas = document.querySelector(selector);
  const notes = [];
  globalThis.frames = notes;
  const step = (now) => {
    if (globalThis.frames !== notes) return;
    notes.push([now, canvas.dataset.camera]);
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}, at('grid-canvas'));

/** The frames since: how long each took, sorted, and how many of them moved the grid. */
const noted = async (page) => {
  const notes = await page.evaluate(() => {
    const { frames } = globalThis;
    globalThis.frames = undefined;
    return frames;
  });
  const times = notes.slice(1).map(([now], index) => now - notes[index][0]).sort((a, b) => a - b);
  const moved = notes.slice(1).filter(([, camera], index) => camera !== notes[index][1]).length;
  const share = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))];
  return { count: times.length, moved, median: share(0.5), most: share(0.95), worst: times.at(-1) };
};

/** Does something as often as a mouse reports, whether or not the page is behind. What is done is numbered. */
async function keepOn(step) {
  const began = performance.now();
  const all = [];
  while (performance.now() - began < SPAN) {
    all.push(step(all.length));
    await sleep(Math.max(0, began + all.length * REPORT - performance.now()));
  }
  await Promise.all(all);
}

/** The frames of a gesture, the best of some tries. It is over once one is good. */
async function best(page, step) {
  const tries = [];
  const isGood = ({ median, most, moved, count }) => median < FRAME * COARSE && most < MOST && moved > count / 2;
  while (tries.length < TRIES && !tries.some(isGood)) {
    await note(page);
    await keepOn(step);
    tries.push(await noted(page));
  }
  return tries.reduce((best, next) => (next.most + next.median < best.most + best.median ? next : best));
}

const milliseconds = (time) => `${time.toFixed(1)} ms`;
const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

test('the grid of a long text zooms and pans at 60 frames a second', { timeout: 300_000 }, async () => {
  const page = await browser.open(`${server.url}?device=cpu`);
  await page.fill(at('text'), LONG);
  await page.waitForTimeout(600);
  await done(page, 'satellite receiver');
  const document = await exported(page);
  const [attention] = document.attention;
  assert.deepEqual([attention.layers, attention.heads, attention.rows, attention.columns], [30, 9, TOKENS, TOKENS]);
  const carried = () => page.getAttribute(at('carried'), 'data-bytes').then(Number);
  const first = await carried();

  const canvas = page.locator(at('grid-canvas'));
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  const [x, y] = [box.x + box.width * 0.4, box.y + box.height * 0.5];
  const scale = async () => Number((await canvas.getAttribute('data-camera')).split(' ')[0]);
  await page.mouse.move(x, y);
  // What the page does after an answer is done.
  await page.waitForTimeout(1000);
  const load = loadavg()[0];

  // In to single weights and out again, as a pinch on a touchpad arrives: each step is a thirtieth of a doubling, and in half of
  // the time they make a weight wide enough to be read.
  await page.keyboard.down('Control');
  const zoom = await best(page, (index) => page.mouse.wheel(0, index < SPAN / REPORT / 2 ? -8 : 8));
  await page.keyboard.up('Control');

  // Past heads that are ten times as large; what they lack in sharpness comes while nothing moves.
  // By a key: the button waits where the whole is in view already.
  await page.focus(at('grid-canvas'));
  await page.keyboard.press('0');
  await page.mouse.move(x, y);
  await page.keyboard.down('Control');
  while ((await scale()) < 8) await page.mouse.wheel(0, -60);
  await page.keyboard.up('Control');
  await page.waitForTimeout(1500);
  await page.mouse.down();
  const pan = await best(page, (index) => page.mouse.move(x + 250 * Math.sin(index / 40), y + 120 * Math.sin(index / 26)));
  await page.mouse.up();

  // And what rest costs: coming to it draws what is in view exactly, twice where more of it comes from the engine.
  await note(page);
  await page.waitForTimeout(1500);
  const rest = await noted(page);

  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const { metrics } = await session.send('Performance.getMetrics');
  const script = metrics.find(({ name }) => name === 'JSHeapUsedSize').value;
  const engine = await heap(page.workers()[0]);
  const { renderer } = resident();
  const whole = attention.layers * attention.heads * TOKENS ** 2 * 4;
  console.log(`load average ${load.toFixed(2)}; explained in ${(document.timing_ms.total / 1000).toFixed(0)} s`);
  for (const [what, frames] of Object.entries({ zoom, pan, rest })) {
    console.log(
      `${what}: median ${milliseconds(frames.median)}, 95th percentile ${milliseconds(frames.most)}, worst ` +
        `${milliseconds(frames.worst)}; ${frames.count} frames, of which ${frames.moved} moved it`,
    );
  }
  console.log(
    `carried ${mebibytes(first)} for the first view, ${mebibytes(await carried())} in the end, of ${mebibytes(whole)}; ` +
      `script ${mebibytes(script)}, engine ${mebibytes(engine)}` +
      (renderer ? `, page and engine resident ${renderer.now.toFixed(0)} MiB (peak ${renderer.peak.toFixed(0)})` : ''),
  );

  for (const [what, frames] of Object.entries({ zoom, pan })) {
    assert.ok(frames.moved > frames.count / 2, `${what} moved the grid in ${frames.moved} of ${frames.count} frames`);
    assert.ok(frames.median < FRAME * COARSE, `${what}: median ${milliseconds(frames.median)}`);
    assert.ok(frames.most < MOST, `${what}: 95th percentile ${milliseconds(frames.most)}`);
  }
  assert.deepEqual(page.complaints, []);
});
