// Methods side by side: rows, measures, figures, cancel, a marked rationale and a link, with the real engine.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { launch } from './browser.mjs';
import { relative } from './numbers.mjs';
import { at, attribution, done, golden, SLOW } from './page.mjs';
import { serve } from './server.mjs';

let server;
let browser;

before(async () => {
  server = await serve();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
});

const METHODS = ['occlusion', 'kernel_shap', 'attention_rollout', 'attention_flow', 'attention_gradient', 'value_zeroing'];

/** Opens the page with a text about which the reference has every number. */
async function opened(text) {
  const page = await browser.open(`${server.url}?device=cpu`);
  await page.waitForSelector(`${at('model-select')} option[value="sentiment"]`, { state: 'attached' });
  await page.selectOption(at('model-select'), 'sentiment');
  await page.fill(at('text'), text);
  await page.waitForTimeout(600);
  await done(page);
  await page.selectOption(at('read'), 'prob');
  await page.waitForTimeout(100);
  await done(page);
  return page;
}

async function saved(page, button) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(at(button))]);
  return readFile(await download.path(), 'utf8');
}

/** Runs what is ticked and waits until it has come. */
async function compare(page) {
  await page.click(at('run-comparison'));
  await page.waitForSelector(at('comparison-progress'), { state: 'detached', timeout: 240_000 });
  await page.waitForSelector(at('method-row'));
}

test('methods and measures are the reference’s, in rows, figures and files', SLOW, async () => {
  const stored = await golden('methods/sentiment', 'foil');
  const page = await opened(stored.text);
  await page.click(`${at('candidates')} button.bar-row[data-id="1"]`);
  await page.waitForTimeout(100);
  await done(page);
  await page.click(`${at('candidates')} button.versus[data-versus="0"]`);
  await page.waitForTimeout(100);
  await done(page);
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
  const page = await opened('A warm, funny and beautifully acted film that never once talks down to its audience.');
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
