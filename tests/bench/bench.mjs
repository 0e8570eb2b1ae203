// The engine beside onnxruntime-web: the same weights, the same lengths, the same browser, all attention read back.
//
// usage: node bench.mjs [--devices cpu,webgpu] [--tokens 32,128] [--runs 9] [--backward]
// Runs of the two sides alternate in blocks, so that what else the machine does falls on both. Prints medians and their
// ratio (ours over theirs), and one JSON line for each row.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { launch } from '../e2e/browser.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values: options } = parseArgs({
  options: {
    devices: { type: 'string', default: 'cpu,webgpu' },
    tokens: { type: 'string', default: '32,128' },
    runs: { type: 'string', default: '9' },
    backward: { type: 'boolean', default: false },
  },
});
const runs = Math.min(200, Number(options.runs));
const blocks = 3;

const roots = {
  '/site/': process.env.HEADLIGHT_DIST,
  '/ort/': join(here, 'node_modules/onnxruntime-web/dist'),
};
const types = {
  '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css',
  '.wasm': 'application/wasm', '.json': 'application/json', '.svg': 'image/svg+xml',
};

const peer = `<!doctype html><meta charset="utf-8"><script type="module">
import * as ort from '/ort/ort.webgpu.min.mjs';
ort.env.wasm.numThreads = 1; ort.env.wasm.wasmPaths = '/ort/';
let session;
window.load = async (provider) => {
  session = await ort.InferenceSession.create('/minilm.onnx', { executionProviders: [provider] });
};
window.bench = async (tokens, runs) => {
  const times = [];
  for (let run = 0; run < runs; run += 1) {
    const ids = BigInt64Array.from({ length: tokens }, (_, i) => BigInt(1000 + (i * 31 + run) % 20000));
    const began = performance.now();
    const out = await session.run({ ids: new ort.Tensor('int64', ids, [1, tokens]) });
    await out.att.getData(); await out.h.getData();
    times.push(performance.now() - began);
    for (const tensor of Object.values(out)) tensor.dispose?.();
  }
  return times;
};
window.ready = true;
</script>`;

async function serve() {
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://127.0.0.1').pathname);
    if (path === '/peer.html') {
      response.writeHead(200, { 'Content-Type': 'text/html' });
      return response.end(peer);
    }
    let file = path === '/minilm.onnx' ? process.env.HEADLIGHT_ONNX : undefined;
    for (const [prefix, root] of Object.entries(roots)) {
      if (path.startsWith(prefix)) {
        file = normalize(join(root, path.slice(prefix.length) || 'index.html'));
        if (!file.startsWith(normalize(root) + sep)) file = undefined;
      }
    }
    const info = file && (await stat(file).catch(() => undefined));
    if (!info?.isFile()) {
      response.writeHead(404);
      return response.end();
    }
    response.writeHead(200, { 'Content-Type': types[extname(file)] ?? 'application/octet-stream', 'Content-Length': info.size });
    return createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const median = (times) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)];

async function openOurs(browser, address, device) {
  const page = await browser.open(`${address}/site/?device=${device}`);
  const worker = page.workers()[0] ?? (await page.waitForEvent('worker', { timeout: 60_000 }));
  await page.waitForSelector(`[data-testid="device"][data-kind="${device}"]`, { timeout: 300_000 });
  await page.selectOption('[data-testid="model-select"]', 'minilm');
  await page.click('[data-testid="load"]');
  await page.waitForSelector('[data-testid="model-state"][data-state="ready"]', { timeout: 300_000 });
  return (tokens, count, backward) =>
    worker.evaluate(([tokens, count, backward]) => globalThis.headlightBench(tokens, count, backward), [tokens, count, backward]);
}

async function openPeer(browser, address, device) {
  const page = await browser.open(`${address}/peer.html`);
  await page.waitForFunction('window.ready');
  await page.evaluate((provider) => window.load(provider), device === 'cpu' ? 'wasm' : 'webgpu');
  return (tokens, count) => page.evaluate(([tokens, count]) => window.bench(tokens, count), [tokens, count]);
}

const server = await serve();
const address = `http://127.0.0.1:${server.address().port}`;
try {
  for (const device of options.devices.split(',')) {
    const browser = await launch({ webgpu: device === 'webgpu' });
    try {
      const ours = await openOurs(browser, address, device);
      const theirs = await openPeer(browser, address, device);
      for (const tokens of options.tokens.split(',').map(Number)) {
        // What is compiled once is not counted: kernels, and on the CPU the browser's second, optimising pass over hot
        // functions, which takes some runs to set in.
        const warm = device === 'cpu' ? 12 : 2;
        await ours(tokens, warm, false);
        await theirs(tokens, warm);
        const times = { ours: [], theirs: [] };
        for (let block = 0; block < blocks; block += 1) {
          times.ours.push(...(await ours(tokens, Math.ceil(runs / blocks), false)));
          times.theirs.push(...(await theirs(tokens, Math.ceil(runs / blocks))));
        }
        const row = { name: 'minilm-forward', device, tokens, ours_ms: median(times.ours), theirs_ms: median(times.theirs) };
        row.ratio = row.ours_ms / row.theirs_ms;
        if (options.backward) {
          await ours(tokens, 1, true);
          row.ours_forward_backward_ms = median(await ours(tokens, Math.ceil(runs / 2), true));
        }
        console.log(
          `${device.padEnd(6)} ${String(tokens).padStart(4)} tokens: ours ${row.ours_ms.toFixed(1)} ms, ` +
            `onnxruntime-web ${row.theirs_ms.toFixed(1)} ms, ratio ${row.ratio.toFixed(2)}`,
        );
        console.log(JSON.stringify(row));
      }
    } finally {
      await browser.close();
    }
  }
} finally {
  server.close();
}
