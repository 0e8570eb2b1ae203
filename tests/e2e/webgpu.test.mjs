// The real models on WebGPU, where weights stay packed in the device's memory: numbers are read back from the exported
// document and held against PyTorch's.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { launch } from './browser.mjs';
import { greatest, relative } from './numbers.mjs';
import { at, attribution, contrast, done, exported, golden, onSentiment, SLOW } from './page.mjs';
import { serve } from './server.mjs';

let server;
let browser;

before(async () => {
  server = await serve();
  browser = await launch({ webgpu: true });
});

after(async () => {
  await browser?.close();
  await server?.close();
});

/** The document of what the page shows, its attention held against what is stored, where that is stored whole. */
async function answered(page, stored) {
  const document = await exported(page);
  assert.equal(document.input.text, stored.text);
  assert.match(document.model.device, /^webgpu/);
  assert.deepEqual(document.input.tokens.map(({ id }) => id), stored.ids);
  const whole = stored.attention.values;
  if (!whole) return { document, attention: 'not stored' };
  const attention = greatest(document.attention[0].values, whole);
  assert.ok(attention < 1e-4, `attention is off by ${attention}`);
  return { document, attention: attention.toExponential(1) };
}

test('SmolLM2 on WebGPU gives what PyTorch gives', SLOW, async (t) => {
  const page = await browser.open(`${server.url}?device=webgpu`);
  for (const name of ['plain', 'punctuation', 'digits', 'emoji']) {
    const stored = await golden('smollm2', name);
    await page.fill(at('text'), stored.text);
    await page.waitForTimeout(100);
    await done(page);
    const { document, attention } = await answered(page, stored);
    assert.deepEqual(document.output.top.map(({ id }) => id), stored.top.map(({ id }) => id));
    const logProb = Math.max(
      ...document.output.top.map(({ prob }, index) => Math.abs(Math.log(prob) - stored.top[index].log_prob)),
    );
    assert.ok(logProb < 1e-3, `log-probabilities are off by ${logProb}`);
    const gradXInput = relative(attribution(document, 'grad_x_input'), stored.float64.reads.logit.grad_x_input);
    assert.ok(gradXInput < 1e-3, `gradient × input is off by ${gradXInput}`);
    t.diagnostic(`${name}: attention ${attention}, log-probability ${logProb.toExponential(1)}, gradient × input ${gradXInput.toExponential(1)}`);
  }
  assert.deepEqual(page.complaints.filter(({ kind }) => kind !== 'console'), []);
  await page.context().close();
});

test('MiniLM on WebGPU gives what PyTorch gives', SLOW, async (t) => {
  const page = await browser.open(`${server.url}?device=webgpu`);
  await page.selectOption(at('model-select'), 'minilm');
  for (const name of ['plain', 'emoji']) {
    const stored = await golden('minilm', name);
    await page.fill(at('text'), stored.text);
    await page.fill(at('second-text'), stored.second_text);
    await page.waitForTimeout(100);
    await done(page);
    const { document, attention } = await answered(page, stored);
    const cosine = Math.abs(document.target.value - stored.target.value);
    assert.ok(cosine < 1e-3, `the cosine is off by ${cosine}`);
    const gradXInput = relative(attribution(document, 'grad_x_input'), stored.target.grad_x_input);
    assert.ok(gradXInput < 1e-3, `gradient × input is off by ${gradXInput}`);
    t.diagnostic(`${name}: attention ${attention}, cosine ${cosine.toExponential(1)}, gradient × input ${gradXInput.toExponential(1)}`);
  }
  assert.deepEqual(page.complaints.filter(({ kind }) => kind !== 'console'), []);
  await page.context().close();
});

test('methods side by side on WebGPU give what the references give', SLOW, async (t) => {
  const stored = await golden('methods/sentiment', 'foil');
  const page = await onSentiment(browser, server, stored.text, { device: 'webgpu' });
  await contrast(page);
  const { attention } = stored;
  const theirs = {
    saliency: stored.saliency,
    grad_x_input: stored.grad_x_input,
    integrated_gradients: stored.integrated_gradients[0].values,
    occlusion: stored.occlusion.mask,
    attention: attention.raw.values,
    attention_rollout: attention.rollout.values,
    attention_flow: attention.flow.values,
    attention_gradient: attention.gradient.values,
    value_zeroing: attention.value_zeroing.values,
  };
  for (const method of Object.keys(theirs)) await page.check(at(`tick-${method}`));
  await page.uncheck(at('measure-curves'));
  await page.check(at('measure-tau_loo'));
  await page.click(at('run-comparison'));
  await page.waitForSelector(at('comparison-progress'), { state: 'detached', timeout: 240_000 });
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(at('save-comparison'))]);
  const document = JSON.parse(await readFile(await download.path(), 'utf8'));
  assert.match(document.model.device, /^webgpu/);
  for (const [method, values] of Object.entries(theirs)) {
    const off = relative(attribution(document, method), values);
    t.diagnostic(`${method}: ${off.toExponential(1)}, ${Math.round(document.timing_ms[method] ?? document.timing_ms.run)} ms`);
    assert.ok(off < 1e-3, `${method} is off by ${off}`);
  }
  const measured = document.faithfulness.methods.find((one) => one.method === 'occlusion');
  assert.ok(Math.abs(measured.tau_loo - stored.faithfulness.occlusion.tau_loo.mask) < 1e-3);
  const erased = relative(measured.erasure.comprehensiveness, stored.faithfulness.occlusion.mask.comprehensiveness);
  assert.ok(erased < 1e-3, `comprehensiveness is off by ${erased}`);
  assert.deepEqual(page.complaints.filter(({ kind }) => kind !== 'console'), []);
  await page.context().close();
});
