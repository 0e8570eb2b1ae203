// Methods that ask the model again, in the page: each against the reference's values, with its checks, in a link.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { relative } from './numbers.mjs';
import { at, attribution, contrast, done, exported, golden, onSentiment, SLOW } from './page.mjs';
import { browser, server } from './site.mjs';

/** Chooses a method and waits until the text has its colours. */
async function choose(page, method) {
  await page.selectOption(at('method'), method);
  await page.waitForTimeout(100);
  await page.waitForSelector(at('method-waits'), { state: 'detached' });
  await done(page);
}

test('every method is computed in the page and is the reference’s, with its checks', SLOW, async () => {
  const stored = await golden('methods/sentiment', 'foil');
  const page = await onSentiment(browser, server, stored.text);

  // Why positive, though it is the less probable one, rather than negative.
  await contrast(page);
  const explained = await exported(page);
  assert.equal(explained.target.foil.text, 'negative');
  assert.ok(Math.abs(explained.target.value - stored.value) < 1e-5);
  assert.ok(relative(attribution(explained, 'grad_x_input'), stored.grad_x_input) < 1e-3);
  assert.match(await page.innerText(at('target')), /less that of “negative”/);

  const units = stored.units.flat();
  const ofUnits = (values) => units.map((token) => values[token]);
  await choose(page, 'integrated_gradients');
  const path = await exported(page);
  assert.ok(relative(attribution(path, 'integrated_gradients'), stored.integrated_gradients[0].values) < 1e-3);
  assert.match(await page.innerText(at('checks')), /baseline zero, steps 50.*should sum to/s);
  assert.equal(await page.locator(at('distrust')).count(), 0);

  await choose(page, 'occlusion');
  assert.ok(relative(attribution(await exported(page), 'occlusion'), stored.occlusion.mask) < 1e-3);
  await choose(page, 'kernel_shap');
  const shapley = await exported(page);
  assert.ok(relative(ofUnits(attribution(shapley, 'kernel_shap')), stored.shapley.exact) < 1e-3);
  await choose(page, 'partition_shap');
  const owen = await exported(page);
  assert.ok(relative(ofUnits(attribution(owen, 'partition_shap')), stored.partition_shap[1].values) < 1e-3);
  await choose(page, 'smoothgrad');
  assert.equal((await exported(page)).attributions.at(-1).parameters.samples, 5);

  // LIME draws fewer texts than its reference and says so; its R² and its standard error stand beside it. By words now.
  await choose(page, 'lime');
  await page.selectOption(at('units'), 'word');
  await page.waitForTimeout(100);
  await done(page);
  const lime = (await exported(page)).attributions.at(-1);
  assert.deepEqual([lime.parameters.samples, lime.parameters.units], [500, 'word']);
  assert.ok(lime.checks.r2 > 0 && lime.standard_errors.length === lime.values.length);
  assert.match(await page.innerText(at('checks')), /samples 500.*R².*standard error/s);

  // A method that came with the same run asks nothing again, and the link brings all of it back.
  await page.selectOption(at('method'), 'saliency');
  await page.waitForTimeout(200);
  assert.equal(await page.locator('.tokens-panel.stale').count(), 0);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('integrated gradients on SmolLM2 say that they must not be trusted', SLOW, async () => {
  const stored = await golden('methods/smollm2', 'france');
  const page = await browser.open(`${server.url}?device=cpu`);
  await page.waitForSelector(`${at('model-select')} option[value="smollm2"]`, { state: 'attached' });
  await page.selectOption(at('method'), 'integrated_gradients');
  await page.waitForSelector(at('distrust'), { timeout: 100_000 });
  assert.match(await page.innerText(at('distrust')), /must not be trusted/);
  const found = (await exported(page)).attributions.find(({ method }) => method === 'integrated_gradients');
  const stood = stored.integrated_gradients[0];
  assert.ok(Math.abs(found.checks.completeness_error - stood.delta) < 0.01 * stood.delta);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
