// What is easy to leave untried: Shift and a click for “why this rather than that”, at an answer and at a written token, and the map of
// all steps while it is being worked out: how far it is, stopped, and gone on with. The engine is a script.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { at, done } from './page.mjs';
import { attention, candidates, document, entry, script, split, trace, write } from './scripted.mjs';
import { browser, server } from './site.mjs';

const LIMIT = { timeout: 120_000 };
const TEXT = 'Once upon a time';
const models = [entry('scribe', 'Scribe', 'llama', ['continue'], [['continue', TEXT]])];

function explain(request) {
  const tokens = split(request.text, { first: '', last: '' });
  const top = candidates([]);
  return document(request, 'Scribe', {
    tokens,
    output: { top },
    target: { kind: 'next_token', position: tokens.length - 1, id: top[0].id, text: top[0].text },
    maps: [attention('self', 3, 2, tokens.length, tokens.length)],
  });
}

/** The page with an answered text. `told` has every command but questions. */
async function open(others) {
  const page = await browser.open();
  const told = [];
  const asked = await script(page, models, explain, undefined, (type, command) => {
    told.push([type, command]);
    return others?.[type]?.(command) ?? { generate: write, trace }[type]?.(command) ?? [];
  });
  await page.goto(server.url);
  await page.waitForSelector(`${at('model-select')} option[value="scribe"]`, { state: 'attached' });
  await page.fill(at('text'), TEXT);
  await done(page);
  return Object.assign(page, { asked, told });
}

/** Writes on to the end. */
async function written(page) {
  await page.click(at('write-on'));
  await page.waitForSelector(`${at('written')} [data-step="31"]`);
  await page.waitForSelector(`${at('writing')}[data-running="false"]`);
}

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
  const page = await open();
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
  await written(page);
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
  const page = await open({ trace: (command) => {
    traces.push(command);
    const [rows, end] = trace(command);
    return traces.length > 1 ? [rows, end] : [{ traced: { id: command.id, new: { ...rows.traced.new, rows: rows.traced.new.rows.slice(0, 3) } } }];
  } });
  await written(page);
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
