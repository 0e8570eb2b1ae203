// Methods side by side: rows, measures, figures, cancel, a marked rationale and a link, with the real engine.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { launch } from './browser.mjs';
import { relative } from './numbers.mjs';
import { at, attribution, contrast, done, follow, golden, onSentiment, SLOW } from './page.mjs';
import { browser, server } from './site.mjs';

const METHODS = ['occlusion', 'kernel_shap', 'attention_rollout', 'attention_flow', 'attention_gradient', 'value_zeroing'];

async function saved(page, button) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(at(button))]);
  return readFile(await download.path(), 'utf8');
}

/** Takes all ticks away. */
async function untick(page) {
  const ticked = page.locator('.tick-groups input:checked');
  while ((await ticked.count()) > 0) await ticked.first().uncheck();
}

/** Runs what is ticked and waits until it has come. */
async function compare(page) {
  await page.click(at('run-comparison'));
  await page.waitForSelector(at('comparison-progress'), { state: 'detached', timeout: 240_000 });
  await page.waitForSelector(at('method-row'));
}

test('methods and measures are the reference’s, in rows, figures and files', SLOW, async () => {
  const stored = await golden('methods/sentiment', 'foil');
  const page = await onSentiment(browser, server, stored.text);
  await contrast(page);
  for (const method of METHODS) await page.check(at(`tick-${method}`));
  for (const measure of ['curves', 'erasure', 'tau_loo', 'randomization']) await page.check(at(`measure-${measure}`));
  assert.match(await page.innerText(at('comparison-cost')), /\d/);
  await compare(page);

  const document = JSON.parse(await saved(page, 'save-comparison'));
  const special = new Set(stored.special);
  const units = (values) => values.filter((_, token) => !special.has(token));
  const near = (method, ours, theirs) => assert.ok(relative(ours, theirs) < 1e-3, `${method}: ${ours} and ${theirs}`);
  near('occlusion', attribution(document, 'occlusion'), stored.occlusion.mask);
  near('kernel_shap', units(attribution(document, 'kernel_shap')), stored.shapley.exact);
  near('attention_rollout', attribution(document, 'attention_rollout'), stored.attention.rollout.values);
  near('attention_flow', attribution(document, 'attention_flow'), stored.attention.flow.values);
  near('attention_gradient', attribution(document, 'attention_gradient'), stored.attention.gradient.values);
  near('value_zeroing', attribution(document, 'value_zeroing'), stored.attention.value_zeroing.values);
  const measured = document.faithfulness.methods.find((one) => one.method === 'occlusion');
  const theirs = stored.faithfulness.occlusion;
  near('deletion', measured.deletion.values, theirs.deletion);
  near('insertion', measured.insertion.values, theirs.insertion);
  near('comprehensiveness', measured.erasure.comprehensiveness, theirs.mask.comprehensiveness);
  assert.ok(Math.abs(measured.tau_loo - theirs.tau_loo.mask) < 1e-3);
  near('random', document.faithfulness.random.deletion.areas, theirs.random.deletion_areas);

  // What is shown is what was saved.
  const rows = await page.locator(at('method-row')).evaluateAll((rows) => rows.map((row) => row.dataset.method));
  assert.deepEqual(rows, document.attributions.map((one) => one.method));
  const row = await page.innerText(`${at('method-row')}[data-method="attention_rollout"]`);
  for (const verdict of document.faithfulness.methods.find((one) => one.method === 'attention_rollout').verdicts) {
    assert.ok(row.includes(verdict), `${verdict} is said in\n${row}`);
  }
  const figures = await saved(page, 'save-figures');
  assert.match(figures.split('\n')[0], /comprehensiveness/i);
  assert.ok(figures.includes('occlusion') && /random/i.test(figures), figures);
  const values = await saved(page, 'save-values');
  assert.ok(values.split('\n').length > stored.ids.length, values);

  // Another text: what was compared stays, and says that it is about another question.
  await page.fill(at('text'), `${stored.text} Really.`);
  await page.waitForTimeout(600);
  await done(page);
  assert.equal(await page.getAttribute(at('comparison-stale'), 'data-stale'), 'true');
});

test('a comparison is cancelled half way, and the page goes on', SLOW, async () => {
  const page = await onSentiment(browser, server, 'A warm, funny and beautifully acted film that never once talks down to its audience.');
  await page.check(at('tick-lime'));
  for (const measure of ['curves', 'sensitivity_max']) await page.check(at(`measure-${measure}`));
  await page.click(at('run-comparison'));
  await page.waitForSelector(at('comparison-progress'));
  await page.click(at('cancel-comparison'));
  await page.waitForSelector(at('run-comparison'), { timeout: 30_000 });
  assert.equal(await page.locator(at('method-row')).count(), 0);
  await page.fill(at('text'), 'Still here.');
  await page.waitForTimeout(600);
  await done(page, 'Still');
});

test('a method shows a first estimate while it runs, and a cancelled one leaves the comparison before it', SLOW, async () => {
  const text = 'A warm, funny and surprisingly honest film that loses its way only in the last and loudest of its acts.';
  const page = await onSentiment(browser, server, text);
  const is = (pattern, id) =>
    page.waitForFunction(
      ([pattern, place]) => new RegExp(pattern).test(document.querySelector(place)?.textContent ?? ''),
      [pattern, id],
      { timeout: 120_000, polling: 20 },
    );
  const values = () => page.locator(`${at('tokens')} .token`).evaluateAll((all) => all.map((one) => +one.dataset.value));

  // The text itself.
  await page.selectOption(at('method'), 'lime');
  await is('A first estimate, from \\d+ % of the work', at('checks'));
  const early = await values();
  assert.equal(await page.getAttribute(at('status'), 'data-state'), 'running');
  await page.waitForSelector(at('method-waits'), { state: 'detached' });
  await done(page);
  await is('R²', at('checks'));
  const late = await values();
  assert.doesNotMatch(await page.innerText(at('checks')), /estimate/);
  const off = relative(early, late);
  assert.ok(off > 1e-6 && off < 1, `the estimate is ${off} from what came`);

  // The rows.
  await untick(page);
  await page.check(at('tick-occlusion'));
  await compare(page);
  const rows = () => page.locator(at('method-row')).evaluateAll((rows) => rows.map((row) => row.dataset.method));
  await page.check(at('tick-kernel_shap'));
  await page.click(at('run-comparison'));
  await is('A first estimate', `${at('method-row')}[data-method="kernel_shap"]`);
  assert.deepEqual(await rows(), ['occlusion', 'kernel_shap']);
  await page.click(at('cancel-comparison'));
  await page.waitForSelector(at('comparison-progress'), { state: 'detached', timeout: 20_000 });
  assert.deepEqual(await rows(), ['occlusion']);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('marked words are held against every method, outlive a reload, and a link brings the comparison back unrun', SLOW, async () => {
  const stored = await golden('methods/sentiment', 'plain');
  const page = await onSentiment(browser, server, stored.text, { read: stored.target.read });
  await compare(page);
  await page.click(at('rationale'));
  // The places of the golden file count tokens that are not special, of which [CLS] is one before them.
  const places = stored.plausibility.rationale.map((place) => place + 1);
  await page.focus('[data-mark][tabindex="0"]');
  for (const place of places) {
    await page.focus(`[data-mark="${place}"]`);
    await page.keyboard.press('Space');
  }
  assert.match(await page.innerText(at('rationale-count')), new RegExp(`^${places.length} token`));
  const figures = (await saved(page, 'save-figures')).trim().split('\r\n').map((line) => line.split(','));
  const row = figures.find(([method]) => method === 'grad_x_input');
  const figure = (name) => Number(row[figures[0].indexOf(name)]);
  assert.ok(Math.abs(figure('plausibility_f1') - stored.plausibility.f1) < 1e-3, `${figures}`);
  assert.ok(Math.abs(figure('plausibility_auprc') - stored.plausibility.auprc) < 1e-3, `${figures}`);

  await page.uncheck(at('tick-saliency'));
  await page.check(at('measure-tau_loo'));
  await page.waitForTimeout(600);
  const link = page.url();
  await page.reload();
  await page.waitForSelector(at('methods'));
  await done(page);
  assert.equal(await page.inputValue(at('text')), stored.text);
  assert.match(await page.innerText(at('rationale-count')), new RegExp(`^${places.length} token`));

  const other = await follow(browser, link.includes('#') ? link : `${link}${await page.evaluate(() => location.hash)}`);
  await done(other);
  assert.equal(await other.isChecked(at('tick-saliency')), false);
  assert.equal(await other.isChecked(at('measure-tau_loo')), true);
  assert.equal(await other.locator(at('method-row')).count(), 0, 'nothing costly runs unasked');
});

test('a marked stretch is left out as one, and a link brings it along', SLOW, async () => {
  const page = await onSentiment(browser, server, 'Not a single joke lands.');
  await untick(page);
  await page.check(at('tick-partition_shap'));
  await page.click('details.tuning summary');
  await page.selectOption(at('parameter-units'), 'selection');
  await page.click(at('rationale'));
  for (const place of [2, 3]) {
    await page.focus(`[data-mark="${place}"]`);
    await page.keyboard.press('Space');
  }
  await compare(page);
  const document = JSON.parse(await saved(page, 'save-comparison'));
  const [owen] = document.attributions;
  assert.deepEqual(owen.units, [[1], [2, 3], [4], [5], [6]]);
  assert.equal(owen.values[2], owen.values[3]);
  assert.deepEqual([owen.parameters.units, owen.parameters.hierarchy], ['selection', 'text']);
  const sum = owen.values.reduce((sum, value) => sum + value, 0);
  assert.ok(Math.abs(sum - (owen.checks.target_value - owen.checks.baseline_value)) < 1e-4);
  await page.waitForTimeout(600);

  // Another browser, with no draft.
  const stranger = await launch();
  try {
    const other = await follow(stranger, page.url());
    await done(other);
    assert.match(await other.innerText(at('rationale-count')), /^2 token/);
    assert.equal(await other.inputValue(at('parameter-units')), 'selection');
    assert.deepEqual(other.complaints, []);
  } finally {
    await stranger.close();
  }
});

test('layers and heads are drawn, and their numbers are the reference’s', SLOW, async () => {
  const stored = await golden('methods/sentiment', 'plain');
  const page = await onSentiment(browser, server, stored.text, { read: stored.target.read });
  await page.getByRole('button', { name: 'Gradient × activation by layer' }).click();
  await page.waitForSelector(at('heat-canvas'));
  const maps = await page.locator(at('heat-canvas')).evaluateAll((all) =>
    all.map((canvas) => [Number(canvas.dataset.rows), Number(canvas.dataset.columns)]),
  );
  assert.deepEqual(maps, [[6, stored.ids.length], [6, 12]]);
  const shown = await page.locator('figure.heat').first().locator('tbody tr').evaluateAll((rows) =>
    rows.map((row) => [...row.querySelectorAll('td')].map((cell) => Number(cell.textContent.replace('−', '-')))),
  );
  // The table has three significant digits.
  assert.ok(relative(shown.flat(), stored.layers.outputs) < 1e-2, `${shown}`);
});

test('emoji, Chinese, markup, nothing and very much are survived', SLOW, async () => {
  const page = await onSentiment(browser, server, '这部电影很好看 🙂🏽 <img src=x onerror=alert(1)>');
  await page.check(at('tick-kernel_shap'));
  await compare(page);
  assert.equal(await page.locator(`${at('method-rows')} img`).count(), 0);
  assert.ok((await page.innerText(at('method-rows'))).includes('🙂🏽'));

  await page.fill(at('text'), '   ');
  await page.click(at('run-comparison'));
  assert.match(await page.innerText(at('comparison-hint')), /Type some text/);

  await page.fill(at('text'), 'word '.repeat(2000));
  await page.waitForTimeout(700);
  await page.click(at('run-comparison'));
  await page.waitForSelector(at('comparison-hint'), { timeout: 120_000 });
  assert.match(await page.innerText(at('comparison-hint')), /tokens/);
  await page.fill(at('text'), 'Fine.');
  await page.waitForTimeout(700);
  await done(page, 'Fine');
});
