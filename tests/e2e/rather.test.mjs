// What is easy to leave untried: Shift and a click for “why this rather than that”, at an answer and at a written token, and the map of
// all steps while it is being worked out: how far it is, stopped, and gone on with. The engine is a script.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { at } from './page.mjs';
import { answered, open, TEXT } from './scribe.mjs';
import { candidates, trace } from './scripted.mjs';

const LIMIT = { timeout: 120_000 };

/** What the next question has that `act` leads to. */
async function next(page, act) {
  const before = page.asked.length;
  await act();
  await page.waitForFunction(
    ([selector, count]) => Number(document.querySelector(selector).dataset.answers) > count,
    [at('status'), Number(await page.getAttribute(at('status'), 'data-answers')) - 1],
  );
  for (let wait = 0; wait < 100 && page.asked.length === before; wait += 1) await page.waitForTimeout(50);
  assert.ok(page.asked.length > before, 'something is asked');
  return page.asked.at(-1);
}

test('Shift and a click asks why the chosen one rather than that', LIMIT, async () => {
  const page = await answered();
  const [first, second, third] = candidates([]);
  const row = (id) => `${at('candidates')} button.bar-row[data-id="${id}"]`;
  const rather = await next(page, () => page.click(row(second.id), { modifiers: ['Shift'] }));
  assert.deepEqual(rather.foil, { id: second.id });
  assert.equal(await page.getAttribute(row(first.id), 'aria-pressed'), 'true', 'the target stays');
  assert.equal(await page.getAttribute(`${at('candidates')} button.versus[data-versus="${second.id}"]`, 'aria-pressed'), 'true');

  // By keyboard, too.
  const other = await next(page, async () => {
    await page.focus(row(third.id));
    await page.keyboard.press('Shift+Enter');
  });
  assert.deepEqual(other.foil, { id: third.id });

  // A click without Shift asks about that one.
  const aimed = await next(page, () => page.click(row(second.id)));
  assert.match(aimed.target, new RegExp(`#${second.id}\\b`));
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('Shift and a click at a written token’s candidate asks why it was not taken', LIMIT, async () => {
  const page = await open();
  await page.click(`${at('written')} [data-step="3"]`);
  const ids = await page.$$eval(`${at('written')} [data-step]`, (all) => all.map((one) => Number(one.dataset.id)));
  const [, other] = candidates(ids.slice(0, 3));
  const asked = await next(page, () => page.click(`${at('step')} [data-candidate="${other.id}"]`, { modifiers: ['Shift'] }));
  assert.match(asked.target, new RegExp(`#${ids[3]}\\b`), asked.target);
  assert.deepEqual(asked.foil, { id: other.id });
  assert.ok(asked.text.startsWith(TEXT) && asked.text.length > TEXT.length, asked.text);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('the map of all steps says how far it is, stops when it is told to, and goes on from there', LIMIT, async () => {
  // The first time only three rows come, as from an engine in the middle of its work.
  const traces = [];
  const page = await open({}, { trace: (command) => {
    traces.push(command);
    const [rows, end] = trace(command);
    return traces.length > 1 ? [rows, end] : [{ traced: { id: command.id, new: { ...rows.traced.new, rows: rows.traced.new.rows.slice(0, 3) } } }];
  } });
  await page.click(at('trace-all'));
  await page.waitForSelector(`${at('triangle')}[data-rows="3"]`);
  assert.match(await page.innerText(`${at('triangle')} [role="status"]`), /\b3\b.*\b32\b/);
  assert.equal(await page.locator(at('trace-all')).count(), 0);
  assert.ok(await page.isVisible(`${at('triangle')} ${at('heat-canvas')}`), 'what is there is drawn');

  await page.click(at('stop-tracing'));
  await page.waitForSelector(at('trace-all'));
  assert.ok(page.told.some(([type, { id }]) => type === 'cancel' && id === traces[0].id), 'the engine is told');
  assert.equal(await page.getAttribute(at('triangle'), 'data-rows'), '3', 'what is there stays');
  assert.match(await page.innerText(`${at('triangle')} [role="status"]`), /\b3\b.*\b32\b/);

  await page.click(at('trace-all'));
  await page.waitForSelector(`${at('triangle')}[data-rows="32"]`);
  await page.waitForSelector(at('trace-all'), { state: 'detached' });
  assert.deepEqual(traces[1].trace.steps, Array.from({ length: 29 }, (_, at) => at + 3), 'only what is missing is asked for');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
