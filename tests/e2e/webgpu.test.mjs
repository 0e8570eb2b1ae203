// The real models on WebGPU, where weights stay packed in the device's memory: numbers are read back from the exported
// document and held against PyTorch's.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from './browser.mjs';
import { greatest, relative } from './numbers.mjs';
import { at, attribution, done, exported, golden, SLOW } from './page.mjs';
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
