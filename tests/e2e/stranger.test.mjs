// What strangers met: two things in one place, and a sentence that was not true.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ALL, say } from './every-task.mjs';
import { at, done } from './page.mjs';
import { script } from './scripted.mjs';
import { browser, server } from './site.mjs';

const LIMIT = { timeout: 90_000 };
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 780 };

/** Where something is. */
const box = (page, selector) => page.locator(selector).first().boundingBox();
const meet = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/** A scripted engine that answers until `stop` is called. */
async function answering(viewport) {
  const page = await browser.open(undefined, { viewport });
  let isSilent = false;
  await script(page, ALL, (request) => (isSilent ? new Promise(() => {}) : say(request)));
  await page.goto(`${server.url}?device=cpu`);
  await page.click(`${at('task')} [data-task="classify"]`);
  await page.click(at('load'));
  await done(page);
  return Object.assign(page, { stop: () => { isSilent = true; } });
}

test('while an answer is awaited, the “?” stays off what chooses a method, and no method is said to ask many times', LIMIT, async () => {
  const page = await answering(DESK);
  const explain = '.tokens-panel > .panel-head > .explain';
  const before = await box(page, explain);
  page.stop();
  await page.fill(at('text'), 'A text without an answer.');
  await page.waitForSelector('.tokens-panel.stale');
  const now = await box(page, explain);
  // It stands right behind its heading, as large as before.
  const title = await box(page, '#tokens-title');
  const behind = now.x - title.x - title.width;
  assert.ok(behind > -1 && behind < 24 && now.width === before.width, JSON.stringify([now, title]));
  assert.ok(now.y < title.y + title.height && now.y + now.height > title.y, JSON.stringify([now, title]));
  for (const select of ['method', 'read']) assert.ok(!meet(now, await box(page, at(select))), select);
  // Gradient × input comes with the answer; what asks many times says so.
  assert.equal(await page.locator(at('method-waits')).count(), 0);
  await page.selectOption(at('method'), 'lime');
  await page.waitForSelector(at('method-waits'));
  await page.context().close();
});

test('the presenter’s bar is whole on a phone, and neither it nor the tour lies on a lesson', LIMIT, async () => {
  for (const viewport of [PHONE, DESK]) {
    const page = await browser.open(`${server.url}?present`, { viewport });
    await page.waitForSelector('.presenter');
    const bar = await box(page, '.presenter');
    assert.ok(bar.x >= 0 && bar.x + bar.width <= viewport.width && bar.height < 80, JSON.stringify(bar));
    await page.goto(`${server.url}?lesson=attention`);
    await page.waitForSelector(at('lesson-begin'));
    const open = async (what) => {
      await page.$eval(at('help'), (button) => button.click());
      await page.click(`[data-teach="${what}"]`);
    };
    await open('tour');
    await page.waitForSelector(at('tour'));
    const isBeside = await page.isVisible(at('lesson'));
    assert.equal(isBeside, viewport === DESK);
    if (isBeside) assert.ok(!meet(await box(page, at('tour')), await box(page, at('lesson'))));
    await page.keyboard.press('Escape');
    await open('present');
    await page.waitForSelector('.presenter');
    const [presenter, lesson] = [await box(page, '.presenter'), await box(page, at('lesson'))];
    assert.ok(!meet(presenter, lesson), JSON.stringify([presenter, lesson]));
    assert.ok(presenter.x >= 0 && presenter.x + presenter.width <= viewport.width);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
});

test('on a phone the way back from near stays within reach', LIMIT, async () => {
  const page = await browser.open(server.url, { viewport: PHONE, hasTouch: true });
  await page.waitForSelector(at('grid-canvas'));
  for (let press = 0; press < 2; press += 1) await page.tap(at('grid-nearer'));
  const { top, height } = await page.$eval(at('grid-canvas'), (canvas) => {
    const { top, height } = canvas.getBoundingClientRect();
    return { top: top + scrollY, height };
  });
  assert.ok(height > PHONE.height, `one finger can’t leave it: ${height}`);
  await page.evaluate((top) => scrollTo(0, top + 150), top);
  const whole = await box(page, at('grid-whole'));
  assert.ok(whole.y >= 0 && whole.y < 60, JSON.stringify(whole));
  await page.tap(at('grid-whole'));
  await page.waitForSelector(`${at('grid-canvas')}[data-camera="1 0 0"]`);
  await page.context().close();
});

test('where nothing may be stored, the page works and says what to do', LIMIT, async () => {
  const page = await browser.open();
  await page.addInitScript(() => {
    const refuse = () => { throw new DOMException('refused', 'SecurityError'); };
    for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches']) Object.defineProperty(globalThis, name, { get: refuse });
    Object.defineProperty(navigator, 'serviceWorker', { get: () => undefined });
  });
  await script(page, ALL, say);
  await page.goto(`${server.url}?device=cpu`);
  await page.click(`${at('task')} [data-task="classify"]`);
  await page.click(at('load'));
  await done(page);
  await page.click(at('keep'));
  await page.waitForSelector(at('notice'));
  // What it names has to be on the page.
  const [, named] = (await page.innerText(at('notice'))).match(/with (\w+) in the bar/);
  assert.equal(await page.innerText(at('save')), named);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
