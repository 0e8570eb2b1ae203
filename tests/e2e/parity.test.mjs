// The tiny models of both families, in a real browser: on the CPU and on WebGPU, against PyTorch's values and against
// each other, and twice in one session of the page, since a wrong kernel may only show on its second run.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { launch } from './browser.mjs';
import { greatest, relative } from './numbers.mjs';
import { serve } from './server.mjs';

let server;
const found = {};

const golden = async (name) =>
  JSON.parse(await readFile(new URL(`../golden/tiny/${name}.json`, import.meta.url), 'utf8'));

/** Starts the engine on a device and probes it twice. */
async function probe(device) {
  const browser = await launch({ webgpu: device === 'webgpu' });
  try {
    const page = await browser.open(`${server.url}?device=${device}`);
    const worker = page.workers()[0] ?? (await page.waitForEvent('worker', { timeout: 30_000 }));
    await page.waitForSelector(`[data-testid="device"][data-kind="${device}"]`, { timeout: 120_000 });
    const runs = [];
    for (let run = 0; run < 2; run += 1) runs.push(await worker.evaluate(() => globalThis.headlightProbe()));
    assert.deepEqual(page.complaints.filter(({ kind }) => kind !== 'console'), []);
    return runs;
  } finally {
    await browser.close();
  }
}

before(async () => {
  server = await serve();
});

after(() => server?.close());

for (const device of ['cpu', 'webgpu']) {
  test(`${device}: attention and gradients are PyTorch's, twice in a row`, { timeout: 300_000 }, async () => {
    found[device] = await probe(device);
    for (const run of found[device]) {
      assert.equal(run.device.kind, device);
      for (const family of ['llama', 'bert']) {
        const stored = (await golden(family)).cases[1];
        const target = family === 'llama' ? stored.target.reads.log_prob : stored.target;
        const attention = greatest(run[family].attention, stored.attention.values);
        const saliency = relative(run[family].saliency, target.saliency);
        const gradXInput = relative(run[family].grad_x_input, target.grad_x_input);
        console.log(`${device} ${family}: attention ${attention.toExponential(1)}, saliency ${saliency.toExponential(1)}, grad×input ${gradXInput.toExponential(1)}`);
        assert.ok(attention < 1e-4, `attention is off by ${attention}`);
        assert.ok(saliency < 1e-3, `saliency is off by ${saliency}`);
        assert.ok(gradXInput < 1e-3, `gradient × input is off by ${gradXInput}`);
        assert.ok(Math.abs(run[family].value - target.value) < 1e-3);
      }
    }
  });
}

test('the CPU and WebGPU agree', () => {
  for (const family of ['llama', 'bert']) {
    for (const [cpu, gpu] of [0, 1].map((run) => [found.cpu[run][family], found.webgpu[run][family]])) {
      assert.ok(greatest(cpu.attention, gpu.attention) < 1e-4);
      assert.ok(relative(cpu.saliency, gpu.saliency) < 1e-3);
      assert.ok(relative(cpu.grad_x_input, gpu.grad_x_input) < 1e-3);
    }
  }
});
