// What was asked in the session is brought back at once, changes are taken back, explanations are kept over a reload, and two are
// laid side by side. The engine is a script.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ALL, say } from './every-task.mjs';
import { at, done, exported } from './page.mjs';
import { script } from './scripted.mjs';
import { browser, server } from './site.mjs';

const LIMIT = { timeout: 90_000 };

/** A page with a scripted engine that has answered one text. */
async function open(text) {
  const page = await browser.open();
  const asked = await script(page, ALL, say);
  await page.goto(`${server.url}?device=cpu`);
  await page.click(`${at('task')} [data-task="classify"]`);
  await page.click(at('load'));
  await done(page);
  if (text) await ask(page, text);
  return { page, asked };
}

async function ask(page, text) {
  await page.fill(at('text'), text);
  await page.waitForTimeout(500);
  await done(page, text);
}

const rows = (page) => page.locator(`${at('past')} li`);
const texts = (page) => page.$$eval(`${at('past')} .past-text`, (all) => all.map(({ textContent }) => textContent));

test('a question that was answered is brought back at once, without the engine', LIMIT, async () => {
  const { page, asked } = await open('A dull film.');
  await ask(page, 'A bright film.');
  assert.deepEqual((await texts(page)).slice(0, 2), ['A bright film.', 'A dull film.']);
  assert.match(await rows(page).nth(1).innerText(), /Why “good” · Sentiment · just now/);
  await page.click(`${at('tokens')} [data-index="2"]`);
  const before = asked.length;
  await rows(page).nth(1).getByRole('button', { name: /^Bring back/ }).click();
  await done(page, 'A dull film.');
  assert.equal(await page.inputValue(at('text')), 'A dull film.');
  assert.equal((await exported(page)).input.text, 'A dull film.');
  assert.equal(asked.length, before, 'nothing was asked again');
  // What has been brought back can be gone on from.
  await ask(page, 'A dull film indeed.');
  assert.equal(asked.length, before + 1);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('Ctrl + Z takes changes back where no text is written, each at once', LIMIT, async () => {
  const { page, asked } = await open('A dull film.');
  await page.selectOption(at('read'), 'prob');
  await done(page);
  await page.click(`${at('candidates')} button.bar-row >> nth=1`);
  await done(page);
  assert.equal(asked.at(-1).target, 'label:bad');
  const before = asked.length;
  await page.focus(at('save'));
  await page.keyboard.press('Control+z');
  await page.waitForSelector(`${at('candidates')} .bar-row.chosen[data-id="1"]`);
  assert.equal(await page.innerText(at('hint')), 'The last change is taken back.');
  await page.keyboard.press('Control+z');
  await page.waitForFunction((read) => document.querySelector(read).value === 'logit', at('read'));
  await page.keyboard.press('Control+z');
  assert.notEqual(await page.inputValue(at('text')), 'A dull film.');
  await done(page);
  assert.equal(asked.length, before, 'all of these answers were there');
  // In a text field the keys are the field's.
  const text = await page.inputValue(at('text'));
  await page.focus(at('text'));
  await page.keyboard.press('End');
  await page.keyboard.type('!');
  await page.keyboard.press('Control+z');
  assert.equal(await page.inputValue(at('text')), text);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('explanations are kept under a name over a reload, laid side by side, and deleted', LIMIT, async () => {
  const { page } = await open('A dull film.');
  await page.fill(at('keep-name'), 'The dull one');
  await page.click(at('keep'));
  await page.waitForSelector(at('kept-explanations'));
  await ask(page, 'A rather dull film.');
  await page.press(at('keep-name'), 'Enter');
  const kept = page.locator(`${at('kept-explanations')} li`);
  await kept.nth(1).waitFor();
  assert.match(await kept.nth(0).innerText(), /A rather dull film\./);

  await page.waitForTimeout(400);
  await page.reload();
  await kept.nth(1).waitFor();
  assert.match(await kept.nth(1).innerText(), /The dull one\s+Sentiment · just now/);
  await kept.nth(1).getByRole('button', { name: /^Bring back/ }).click();
  await page.waitForFunction((selector) => document.querySelector(selector).value === 'A dull film.', at('text'));
  await done(page, 'A dull film.');
  assert.equal((await exported(page)).input.text, 'A dull film.');

  await kept.nth(1).getByRole('button', { name: /^Compare/ }).click();
  await page.getByText('Choose a second one to lay beside “The dull one”.').waitFor();
  await kept.nth(0).getByRole('button', { name: /^Compare/ }).click();
  await page.waitForSelector(at('beside'));
  await page.click(`${at('beside')} summary`);
  const lines = await page.$$eval(`${at('beside-table')} tbody tr`, (all) =>
    all.map((line) => [...line.cells].map(({ innerText }) => innerText)));
  assert.deepEqual(lines.map(([token]) => token), ['[CLS]', 'A', 'rather', 'dull', 'film', '.', '[SEP]']);
  const number = (text) => Number(text.replace('−', '-'));
  for (const [token, first, second, difference] of lines) {
    assert.equal(token === 'rather', first === '', `${token}: ${first}`);
    if (token === 'rather') assert.equal(difference, '');
    else assert.ok(Math.abs(number(second) - number(first) - number(difference)) < 2e-3, `${token}: ${first} ${second} ${difference}`);
  }
  await kept.nth(0).getByRole('button', { name: /^Delete/ }).click();
  await page.waitForFunction((list) => document.querySelectorAll(`${list} li`).length === 1, at('kept-explanations'));
  await page.reload();
  await kept.nth(0).waitFor();
  assert.equal(await kept.count(), 1);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
