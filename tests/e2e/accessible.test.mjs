// The page for everybody: no fault that axe-core counts as serious or critical in any view, on a desk and on a phone, light and
// dark; everything within the keyboard's reach, and seen when it has it; targets that a finger meets; colours that the system
// chooses; nothing that moves where somebody does not want that.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { faults, isGrave } from './axe.mjs';
import { DESK, onSample, unfold, VIEWS } from './every-view.mjs';
import { at, SLOW } from './page.mjs';
import './site.mjs';

const PHONE = { width: 360, height: 780 };

/** Makes the page light or dark and waits until it has painted itself so. */
async function turn(page, colorScheme) {
  await page.emulateMedia({ colorScheme });
  await page.waitForFunction(
    (isDark) => getComputedStyle(document.body).backgroundColor.match(/\d+/g)[0] < 128 === isDark, colorScheme === 'dark');
}

/** A fault in words, with some of the elements that have it. */
const told = ({ rule, impact, what, where }) => `${impact} ${rule}: ${what}\n  ${where.slice(0, 8).join('\n  ')}`;

for (const [name, show] of Object.entries(VIEWS)) {
  test(`axe finds nothing grave: ${name}`, SLOW, async () => {
    const page = await show();
    const grave = [];
    for (const viewport of [DESK, PHONE]) {
      await page.setViewportSize(viewport);
      for (const colorScheme of ['light', 'dark']) {
        await turn(page, colorScheme);
        const found = await faults(page);
        grave.push(...found.filter(isGrave).map((one) => `${viewport.width} pixels, ${colorScheme}: ${told(one)}`));
        for (const one of found.filter((one) => !isGrave(one))) console.log(`${name}, ${viewport.width} pixels, ${colorScheme}: ${told(one)}`);
      }
      const { scrollWidth, clientWidth } = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        return { scrollWidth, clientWidth };
      });
      assert.ok(scrollWidth <= clientWidth, `the page is ${scrollWidth} pixels wide in a window of ${clientWidth}`);
    }
    assert.equal(grave.length, 0, grave.join('\n'));
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

/** What can be used on a page, and is neither hidden nor one of several that the arrow keys go through. */
const USABLE = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';

test('the Tab key reaches everything that can be used, and shows where it is', SLOW, async () => {
  const page = await onSample();
  await unfold(page);
  const walked = await page.evaluate((usable) => {
    globalThis.usable = (root = document) => [...root.querySelectorAll(usable)].filter((one) =>
      one.checkVisibility({ visibilityProperty: true }) && !one.disabled && one.tabIndex >= 0 && !one.closest('[inert]'));
    document.body.tabIndex = -1;
    document.body.focus();
    scrollTo(0, 0);
    return globalThis.usable().length;
  }, USABLE);
  assert.ok(walked > 40, `${walked} elements`);
  const unseen = new Set();
  for (let press = 0; press < 3 * walked; press += 1) {
    await page.keyboard.press('Tab');
    const { isBack, name, isSeen } = await page.evaluate(() => {
      const active = document.activeElement;
      const isBack = active === document.body || active.dataset.reached === 'true';
      active.dataset.reached = 'true';
      const { outlineStyle, outlineWidth } = getComputedStyle(active);
      return { isBack, name: active.outerHTML.slice(0, 120), isSeen: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 };
    });
    if (isBack && press > 10) break;
    if (!isSeen) unseen.add(name);
  }
  assert.deepEqual([...unseen], [], 'what has the keyboard is outlined');
  const missed = await page.evaluate(() =>
    globalThis.usable().filter((one) => one.dataset.reached !== 'true' && one.type !== 'radio').map((one) => one.outerHTML.slice(0, 120)));
  assert.deepEqual(missed, [], 'what the Tab key does not reach');
  await page.context().close();
});

test('on a phone, what is pressed is at least as large as WCAG wants', SLOW, async () => {
  for (const show of [VIEWS['every table and list unfolded'], VIEWS['methods and heads with results'], VIEWS['a model of one’s own']]) {
    const page = await show();
    await page.setViewportSize(PHONE);
    await page.waitForTimeout(300);
    const small = await page.$$eval(USABLE, (all) => all.flatMap((one) => {
      if (!one.checkVisibility({ visibilityProperty: true }) || one.closest('.strip, .flow')) return [];
      // Words of a running text are as wide as they are. A label is pressed for what it is of.
      const { width, height } = (one.closest('label') ?? one).getBoundingClientRect();
      return width >= 24 && height >= 24 ? [] : [`${width.toFixed(1)} × ${height.toFixed(1)}: ${one.outerHTML.slice(0, 140)}`];
    }));
    assert.deepEqual(small, []);
    await page.context().close();
  }
});

test('nothing moves on its own for who does not want that', SLOW, async () => {
  const page = await VIEWS['a notice, a hint and an engine that is at work']();
  const moving = () => page.evaluate(() => document.getAnimations().filter(({ playState }) => playState === 'running').length);
  assert.ok((await moving()) > 0, 'who did not say so sees that the engine is at work');
  await page.emulateMedia({ reducedMotion: 'reduce' });
  assert.equal(await moving(), 0);
  await page.context().close();
});

test('with colours of the system, what is chosen, coloured and drawn is still told apart', SLOW, async () => {
  const page = await onSample();
  const style = (selector, name) => page.$eval(selector, (element, name) => getComputedStyle(element)[name], name);
  const ground = `${at('tokens')} [data-index="0"]`;
  const coloured = await style(ground, 'backgroundColor');
  await page.emulateMedia({ forcedColors: 'active' });
  assert.equal(await style(ground, 'backgroundColor'), coloured, 'a token keeps its colour, which is data');
  const pressed = `${at('picture-map')}`;
  assert.equal(await page.getAttribute(pressed, 'aria-pressed'), 'true');
  const border = (selector) => page.$eval(selector, (element) => getComputedStyle(element).outlineStyle + getComputedStyle(element).borderBottomWidth);
  assert.notEqual(await border(pressed), await border(at('picture-lines')));
  assert.notEqual(await border(`${at('candidates')} .bar-row.chosen`), await border(`${at('candidates')} .bar-row:not(.chosen)`));
  const bar = await style(`${at('candidates')} .bar-fill`, 'backgroundColor');
  assert.notEqual(bar, await style(`${at('candidates')} .bar-track`, 'backgroundColor'));
  assert.equal((await faults(page)).filter(isGrave).length, 0);
  await page.context().close();
});
