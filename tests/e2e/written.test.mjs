// What a model wrote: shared by a link that has its tokens and is told again, drawn as a tree of the ways that were taken, and each
// token with where the model looks as it writes it. The engine is a script; `writing.test.mjs` has the real one.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { faults } from './axe.mjs';
import { ALL, say } from './every-task.mjs';
import { at, done } from './page.mjs';
import { force, open, probs, rest, TEXT, visit, written } from './scribe.mjs';
import { candidates, entry } from './scripted.mjs';
import { server } from './site.mjs';

const LIMIT = { timeout: 120_000 };
/** What a screen reader or a keyboard could not do with the page. */
const serious = async (page) => (await faults(page)).filter(({ impact }) => ['serious', 'critical'].includes(impact));

/** The tree: of each branch where it begins, whether it stands there now, and its branches. */
const tree = (page) =>
  page.evaluate((selector) => {
    const list = (ul) => [...ul.children].map((item) => {
      const button = item.querySelector(':scope > button');
      const below = item.querySelector(':scope > ul');
      return [Number(button.dataset.from), button.hasAttribute('aria-current'), ...(below ? [list(below)] : [])];
    });
    return list(document.querySelector(`${selector} ul`));
  }, at('ways'));

test('a link has what was written and taken, says so beforehand, and has it told again whatever the seed', LIMIT, async () => {
  const page = await open();
  await force(page, 3, 2);
  await page.click(`${at('written')} [data-step="5"]`);
  const [theirs, sure] = [await written(page), await probs(page)];
  assert.equal(theirs[3], candidates(theirs.slice(0, 3))[2].id, 'another one was taken');
  await page.click(at('share'));
  const link = await page.getAttribute(at('copy-live'), 'data-address');
  await page.click(at('share-close'));

  const other = await visit(link);
  await other.waitForSelector(at('opened-run'));
  assert.match(await other.innerText(at('opened-summary')), /, 36 tokens that it wrote, token 5 open, 1 other way\.$/);
  assert.match(await other.innerText(at('writing')), /The link has 36 tokens written after the text/);
  assert.deepEqual([await written(other), other.told.length, other.asked.length], [[], 0, 0]);
  await other.click(at('opened-run'));
  await other.waitForSelector(`${at('written')} [data-step="35"]`);
  await rest(other);
  assert.deepEqual([await written(other), await probs(other)], [theirs, sure]);
  const generations = other.told.filter(([type]) => type === 'generate').map(([, command]) => command.generation);
  // The way that stands there first, then the one that was left.
  const [own, left, ...more] = generations.map(({ replay, most, written, text }) => [replay, most, written, text]);
  assert.deepEqual([own, left[0], left[1], left[2].length, left[2].slice(0, 3), more], [[true, 0, theirs, TEXT], true, 0, 32, theirs.slice(0, 3), []]);
  // The token that was open is, and what it rests on is worked out.
  await other.waitForSelector(`${at('step')}[data-at="5"] [data-value]`);
  assert.equal(await other.getAttribute(`${at('written')} [data-step="5"]`, 'aria-pressed'), 'true');

  // What is written on from there stands in the address, and a reload has it at once.
  await other.click(at('write-on'));
  await other.waitForSelector(`${at('written')} [data-step="67"]`);
  await rest(other);
  await other.waitForTimeout(500);
  const before = other.told.length;
  await other.reload();
  await other.waitForSelector(`${at('written')} [data-step="67"]`);
  assert.equal(other.told.slice(before).filter(([type]) => type === 'generate').length, 0);
  for (const one of [page, other]) assert.deepEqual(one.complaints, []);
});

/** The candidates of the open step. */
const others = (page) =>
  page.$$eval(`${at('step')} [data-candidate]`, (all) => all.map((one) => [Number(one.dataset.candidate), Number(one.dataset.prob)]));

/** What a step rests on. */
const reasons = (page) =>
  page.$$eval(`${at('step')} > .step-text [data-value]`, (all) => all.map((one) => Number(one.dataset.value)));

/** Saves the page's explanation as a file; gives what it holds. */
async function saved(page, button) {
  const [file] = await Promise.all([page.waitForEvent('download'), page.click(at(button))]);
  return { text: await readFile(await file.path(), 'utf8') };
}

test('a file has every step, its candidates, other ways and reasons, and shows them where there is no model', LIMIT, async () => {
  const page = await open();
  await page.click(at('sampling'));
  await page.fill(at('temperature'), '0.7');
  await page.fill(at('sampling-seed'), '11');
  await page.press(at('sampling-seed'), 'Tab');
  await force(page, 3, 2);
  await page.click(`${at('written')} [data-step="5"]`);
  await page.waitForSelector(`${at('step')}[data-at="5"] [data-value]`);
  await page.click(at('gaze-ask'));
  await page.waitForSelector(`${at('gaze')} [data-value]`);
  const theirs = { ids: await written(page), probs: await probs(page), others: await others(page), reasons: await reasons(page), tree: await tree(page) };
  await page.click(at('save'));
  const table = (await saved(page, 'export-csv')).text;
  const { text } = await saved(page, 'export');
  const { written: held } = JSON.parse(text);
  assert.deepEqual(held.way.steps.map((step) => step.token.id), theirs.ids);
  assert.deepEqual(held.way.chosen, [
    { from: 0, sampling: { temperature: 0, seed: 0 } },
    { from: 3, sampling: { temperature: 0.7, seed: 11 }, taken: true },
  ]);
  assert.deepEqual([held.text, held.open, held.read, held.others.length], [TEXT, 5, 'logit', 1]);
  assert.deepEqual([held.triangle.rows.length > 0, held.gazed.rows.length], [true, 36]);
  // Each number of it is a row of the table.
  const rows = table.split('\r\n').map((line) => line.split(',').slice(0, 2).join());
  const count = (of) => rows.filter((row) => row === of).length;
  assert.deepEqual([count('wrote,prob'), count('wrote_candidate,logit'), count('wrote_other_0,prob')], [36, 4 * 36, 32]);
  assert.deepEqual([count('wrote_by,seed'), count('wrote_by,taken')], [2, 2]);
  assert.ok(count('wrote_from,grad_x_input') > 0 && count('wrote_from,attention') > 36);

  // Elsewhere, where there is no model at all.
  const other = await visit(server.url, {}, [entry('other', 'Other', 'bert', ['compare'], [['compare', 'a', 'b']])]);
  await other.waitForSelector(at('share'));
  await other.click(at('share'));
  await other.setInputFiles(at('open-file'), { name: 'saved.json', mimeType: 'application/json', buffer: Buffer.from(text) });
  await other.waitForSelector(at('frozen'));
  const there = async () => ({ ids: await written(other), probs: await probs(other), others: await others(other), reasons: await reasons(other), tree: await tree(other) });
  assert.deepEqual(await there(), theirs);
  assert.match(await other.innerText(at('writing')), /came with what was opened, numbers too; nothing of it was computed here/);
  assert.equal(await other.isDisabled(at('gaze-head')), true);
  // Another step has its candidates, another way stands there at a press, and nothing was asked of an engine.
  await other.click(`${at('written')} [data-step="7"]`);
  assert.equal((await others(other)).length, 4);
  await other.click(`${at('ways')} [data-way]`);
  assert.equal((await written(other)).length, 32);
  await other.click(`${at('written')} [data-step="2"]`);
  await other.click(`${at('step')} [data-candidate] >> nth=1`);
  assert.deepEqual([other.told.length, other.asked.length], [0, 0]);
  assert.deepEqual(await serious(other), []);
  // Saved again it is the same document, with the way that stands there now.
  await other.click(at('save'));
  const again = JSON.parse((await saved(other, 'export')).text).written;
  assert.deepEqual([again.way.steps, again.others[0].steps], [held.others[0].steps, held.way.steps]);
  for (const one of [page, other]) assert.deepEqual(one.complaints, []);
});

test('the other ways are in a link, and are told again after the one that stands there', LIMIT, async () => {
  const page = await open();
  await force(page, 2, 1);
  await force(page, 5, 2);
  const [theirs, shape] = [await written(page), await tree(page)];
  await page.click(at('share'));
  const link = await page.getAttribute(at('copy-live'), 'data-address');
  assert.equal(await page.locator(at('live-lacks')).count(), 0);
  await page.click(at('share-close'));
  const other = await visit(link);
  await other.waitForSelector(at('opened-run'));
  assert.match(await other.innerText(at('opened-summary')), /, token 5 open, 2 other ways\.$|, 2 other ways\.$/);
  await other.click(at('opened-run'));
  await other.waitForFunction((selector) => document.querySelectorAll(`${selector} button`).length === 5, at('ways'));
  await rest(other);
  assert.deepEqual([await written(other), await tree(other)], [theirs, shape]);
  const generations = other.told.filter(([type]) => type === 'generate').map(([, { generation }]) => generation);
  assert.deepEqual(generations.map(({ replay, most, written }) => [replay, most, written.length]), [[true, 0, 38], [true, 0, 32], [true, 0, 35]]);
  for (const one of [page, other]) assert.deepEqual(one.complaints, []);
});

test('what has no room in a link is said, and where it is to be had', LIMIT, async () => {
  const page = await open();
  await page.click(at('save'));
  const document = JSON.parse((await saved(page, 'export')).text);
  // More than any link holds: twelve other ways of a thousand tokens that no packing makes short.
  let seed = 7;
  const step = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    const token = { id: seed, text: ` ${seed.toString(36)}`, special: false, prob: 0.5 };
    return { token, adds: token.text, top: [] };
  };
  const way = (count) => ({ steps: Array.from({ length: count }, step), ended: false });
  document.written.others = Array.from({ length: 12 }, () => way(1000));
  const other = await visit(server.url);
  const file = (content) => ({ name: 'long.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(content)) });
  await other.waitForSelector(at('share'));
  await other.click(at('share'));
  await other.setInputFiles(at('open-file'), file(document));
  await other.waitForSelector(at('frozen'));
  await other.click(at('share'));
  const link = await other.getAttribute(at('copy-live'), 'data-address');
  assert.equal(
    await other.innerText(at('live-lacks')),
    'The link has no room for the other ways in which the model wrote; it has the one that stands there. Save the file below to pass all of it on.',
  );
  assert.match(await other.innerText(at('frozen-lacks')), /only the way that stands there had room in the link.* Save the file below to pass all of it on\.$/);
  assert.deepEqual(await serious(other), []);
  await other.click(at('share-close'));
  // It has what it says, and no more.
  const third = await visit(link);
  await third.waitForSelector(at('opened-run'));
  assert.match(await third.innerText(at('opened-summary')), /, 32 tokens that it wrote\.$/);
  // A file that was tampered with is refused in a sentence.
  document.written.way.chosen = [{ from: 99, sampling: { temperature: 0 } }];
  await third.click(at('share'));
  await third.setInputFiles(at('open-file'), file(document));
  await third.waitForFunction(() => /can’t be shown: its list of what was written/.test(globalThis.document.body.innerText));
  for (const one of [page, other, third]) assert.deepEqual(one.complaints, []);
});

test('a frozen explanation shows it at once, and tells it again only where it is run', LIMIT, async () => {
  const page = await open();
  const [theirs, sure] = [await written(page), await probs(page)];
  await page.click(at('share'));
  const link = await page.getAttribute(at('copy-frozen'), 'data-address');
  await page.click(at('share-close'));
  const other = await visit(link);
  await other.waitForSelector(at('frozen'));
  assert.match(await other.innerText(at('writing')), /came with what was opened/);
  assert.deepEqual([await written(other), await probs(other), other.told.length, other.asked.length], [theirs, sure, 0, 0]);
  await other.click(at('opened-run'));
  await other.waitForFunction((selector) => !/came with what was opened/.test(document.querySelector(selector).innerText), at('writing'));
  await other.waitForSelector(`${at('written')} [data-step="31"]`);
  await rest(other);
  assert.deepEqual(await written(other), theirs);
  const generations = other.told.filter(([type]) => type === 'generate').map(([, { generation }]) => generation);
  assert.deepEqual(generations.map(({ replay, written }) => [replay, written]), [[true, theirs]]);
  for (const one of [page, other]) assert.deepEqual(one.complaints, []);
});

test('the ways that were taken are a tree, and a branch is gone to by mouse and by keyboard', LIMIT, async () => {
  const page = await open();
  assert.equal(await page.locator(at('ways')).count(), 0, 'one way is no tree');
  const first = await written(page);
  await force(page, 2, 1);
  const second = await written(page);
  await force(page, 5, 2);
  const third = await written(page);
  // What all share stands once; the second fork is a branch of the first one's.
  const shape = await tree(page);
  assert.deepEqual(shape, [[0, true, [[2, false], [2, true, [[5, false], [5, true]]]]]]);
  const shares = await page.$$eval(`${at('ways')} button .figure`, (all) => all.map((one) => one.textContent));
  assert.deepEqual(shares, ['50.0 %', '50.0 %', '25.0 %', '50.0 %', '15.0 %']);

  // By keyboard: the branch keeps the focus, and what it leads to stands above.
  await page.focus(`${at('ways')} [data-from="2"][data-way]`);
  await page.keyboard.press('Enter');
  assert.deepEqual(await written(page), first);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-current')), 'true');
  assert.deepEqual(await tree(page), [[0, true, [[2, true], [2, false, [[5, false], [5, false]]]]]]);
  await page.click(`${at('ways')} [data-from="5"][data-way] >> nth=0`);
  assert.deepEqual(await written(page), second);
  await page.click(`${at('ways')} [data-from="5"][data-way]`);
  assert.deepEqual(await written(page), third);
  assert.deepEqual(await tree(page), shape);
  // A branch that stands there opens its first token.
  await page.click(`${at('ways')} [data-from="5"][aria-current]`);
  assert.equal(await page.getAttribute(at('step'), 'data-at'), '5');
  assert.deepEqual(await serious(page), []);
  assert.deepEqual(page.complaints, []);
});

test('a written token has where the model looks, by layer and head, and so have all of them as a map', LIMIT, async () => {
  const page = await open();
  await page.click(`${at('written')} [data-step="4"]`);
  assert.equal(await page.locator(`${at('gaze')} [data-value]`).count(), 0, 'nobody asked');
  await page.click(at('gaze-ask'));
  const weights = () => page.$$eval(`${at('gaze')} [data-value]`, (all) => all.map((one) => Number(one.dataset.value)));
  await page.waitForSelector(`${at('gaze')} [data-value]`);
  // The text has four tokens, and four were written before.
  let row = await weights();
  assert.equal(row.length, 8);
  assert.ok(Math.abs(row.reduce((sum, one) => sum + one, 0) - 1) < 1e-9 && row[2] === 0.7);
  assert.match(await page.innerText(at('gaze')), /Layer 2, mean of its heads\. The weights sum to one; most have “·a” 70\.0 %/);
  const gazes = () => page.told.filter(([type, { trace }]) => type === 'trace' && trace.gaze).map(([, { trace }]) => trace.gaze);
  assert.deepEqual(gazes(), [{ kind: 'self' }]);

  // Another head, then another layer.
  await page.selectOption(at('gaze-head'), '2');
  await page.waitForFunction((selector) => /head 1/.test(document.querySelector(selector).innerText), at('gaze'));
  assert.equal((await weights())[4], 0.7);
  await page.selectOption(at('gaze-layer'), '0');
  await page.waitForFunction((selector) => /Layer 0, head 1/.test(document.querySelector(selector).innerText), at('gaze'));
  assert.deepEqual(gazes().slice(1), [{ kind: 'self', whose: { head: [2, 1] } }, { kind: 'self', whose: { head: [0, 1] } }]);

  // The next token has it at once, and all are a map with a table.
  await page.click(`${at('written')} [data-step="6"]`);
  await page.waitForSelector(`${at('step')}[data-at="6"] ${at('gaze')} [data-value]`);
  assert.equal((await weights()).length, 10);
  assert.equal(gazes().length, 3);
  await page.click(`${at('triangle')} ${at('triangle-shown')} >> text=Attention`);
  assert.match(await page.innerText(`${at('triangle')} figcaption`), /Attention as each token is written: Layer 0, head 1/);
  const cells = await page.$$eval(`${at('triangle')} ${at('heat-table')} tbody tr`, (all) =>
    all.map((line) => [...line.querySelectorAll('td')].filter((cell) => cell.textContent !== '').length));
  assert.deepEqual(cells, Array.from({ length: 32 }, (_, step) => 4 + step));
  assert.deepEqual(await serious(page), []);
  assert.deepEqual(page.complaints, []);
});

test('a translation that was led elsewhere is asked about whole, and the model’s own is a press away', LIMIT, async () => {
  const page = await visit(server.url, {}, ALL, say);
  await page.waitForSelector(`${at('model-select')} option[value="marian"]`, { state: 'attached' });
  await page.selectOption(at('model-select'), 'marian');
  await page.fill(at('text'), 'The cat sleeps there.');
  await done(page);
  await page.click(at('write-on'));
  await page.waitForSelector(`${at('written')} [data-step="31"]`);
  await rest(page);
  // As the model writes it, nothing has to be said of what it begins with.
  await page.click(`${at('written')} [data-step="1"]`);
  await page.click(at('explain-step'));
  await page.waitForTimeout(300);
  await done(page);
  let ids = await written(page);
  assert.deepEqual([page.asked.at(-1).target, page.asked.at(-1).begun], [`output:#${ids[1]}@1`, undefined]);
  await page.click(`${at('step')} [data-candidate]:nth-child(1) >> nth=2`);
  await page.waitForSelector(`${at('written')} [data-step="32"]`);
  await rest(page);
  ids = await written(page);
  await page.click(`${at('written')} [data-step="3"]`);
  await page.click(at('explain-step'));
  await page.waitForSelector(at('begun-own'));
  await done(page);
  assert.deepEqual([page.asked.at(-1).target, page.asked.at(-1).begun], [`output:#${ids[3]}@3`, ids]);
  assert.match(await page.innerText(`p:has(+ ${at('begun-own')})`), /begins with 34 tokens/);
  // A link says so and asks the same.
  await page.click(at('share'));
  const link = await page.getAttribute(at('copy-live'), 'data-address');
  await page.click(at('share-close'));
  const other = await visit(link, {}, ALL, say);
  await other.waitForSelector(at('opened-run'));
  assert.match(await other.innerText(at('opened-summary')), /34 tokens that it is led by/);
  await other.click(at('opened-run'));
  await other.waitForSelector(at('begun-own'));
  assert.deepEqual(other.asked.at(-1).begun, ids);
  await page.click(at('begun-own'));
  await page.waitForSelector(at('begun-own'), { state: 'detached' });
  await done(page);
  assert.deepEqual([page.asked.at(-1).target, page.asked.at(-1).begun], ['output', undefined]);
  for (const one of [page, other]) assert.deepEqual(one.complaints, []);
});
