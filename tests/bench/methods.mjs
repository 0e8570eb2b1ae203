// Integrated gradients beside as many single runs as they stand for, in Chromium, on the sentiment classifier.
//
// usage: node methods.mjs [--devices cpu,webgpu] [--rounds 5] [--adapter swiftshader|own]
// A round is eight single runs forward and backward, then integrated gradients with 50 steps, so that both meet the same
// machine; of each the median. No attention comes back. `--adapter own` takes the machine's graphics processor, where there
// is one; else WebGPU is simulated by SwiftShader. Prints a line of JSON for each device.

import { parseArgs } from 'node:util';

import { launch } from '../e2e/browser.mjs';
import { engine } from '../e2e/engine.mjs';
import { serve } from '../e2e/server.mjs';

const { values: options } = parseArgs({
  options: {
    devices: { type: 'string', default: 'cpu,webgpu' },
    rounds: { type: 'string', default: '5' },
    adapter: { type: 'string', default: 'swiftshader' },
  },
});
const STEPS = 50;
const rounds = Math.min(50, Number(options.rounds));
/** 42 tokens. */
const TEXT =
  'The acting is wonderful and the photography is a pleasure, but the story never comes to life, the jokes fall flat, and by ' +
  'the end I was only waiting for the whole long sorry thing to stop';
/** What a headless Chromium needs for a graphics processor of its own. */
const OWN = [
  '--enable-unsafe-webgpu',
  '--ignore-gpu-blocklist',
  '--use-angle=vulkan',
  '--enable-features=Vulkan,DefaultANGLEVulkan,VulkanFromANGLE',
  '--disable-vulkan-surface',
];

const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];
const site = await serve();
try {
  for (const device of options.devices.split(',')) {
    const isOwn = device === 'webgpu' && options.adapter === 'own';
    const browser = await launch(isOwn ? { adapter: 'own', args: OWN } : { webgpu: device === 'webgpu' });
    try {
      const page = await browser.open(site.url);
      const it = await engine(page, { device });
      const { models } = await (await fetch(`${site.url}models/manifest.json`)).json();
      const model = models.find(({ id }) => id === 'sentiment');
      await it.ask({ type: 'load', source: { kind: 'registered', model, base: `${site.url}models/sentiment/` } });
      const ask = async (method) => {
        const request = {
          model: 'sentiment', task: 'classify', text: TEXT, target: 'label', read: 'logit', methods: [method], attention: 'none',
        };
        const began = performance.now();
        const answer = await it.ask({ type: 'explain', request });
        if (answer.type !== 'explained') throw new Error(JSON.stringify(answer));
        return { ms: performance.now() - began, explanation: answer.explanation };
      };
      // What is compiled once is not counted.
      for (let warm = 0; warm < 2; warm += 1) {
        await ask('grad_x_input');
        await ask('integrated_gradients');
      }
      const [singles, all] = [[], []];
      let last;
      for (let round = 0; round < rounds; round += 1) {
        for (let single = 0; single < 8; single += 1) singles.push((await ask('grad_x_input')).ms);
        last = await ask('integrated_gradients');
        all.push(last.ms);
      }
      const [single, many] = [median(singles), median(all)];
      console.log(JSON.stringify({
        device: last.explanation.model.device, tokens: last.explanation.input.tokens.length, single_ms: single,
        integrated_gradients_ms: many, steps: STEPS, ratio: many / (STEPS * single),
      }));
    } finally {
      await browser.close();
    }
  }
} finally {
  await site.close();
}
