// What loading each registered model costs: time, with an empty cache and with a full one, and memory.
//
// usage: node load.mjs [--devices cpu,webgpu] [--models smollm2,minilm] [--explain cpu:*,webgpu:minilm]
// Each load has a browser to itself. The first finds an empty profile on the disk and fetches from a file server on
// loopback; the second finds what the first kept in the origin's private storage. The clock runs from the click on Load
// until the page says that the model is ready. The engine's heap never shrinks, so that its size is its peak. What a
// process has in memory is read from /proc, where there is one; on a simulated GPU the device's memory is in the GPU
// process. Prints a table, and one JSON line for each row.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { launch } from '../e2e/browser.mjs';
import { resident } from '../e2e/memory.mjs';
import { at, status } from '../e2e/page.mjs';
import { DIST, serve } from '../e2e/server.mjs';

const { values: options } = parseArgs({
  options: {
    devices: { type: 'string', default: 'cpu,webgpu' },
    models: { type: 'string' },
    // An explanation of a whole model takes minutes on a simulated GPU.
    explain: { type: 'string', default: 'cpu:*,webgpu:minilm' },
  },
});
const LOADING = 600_000;
const EXPLAINING = 600_000;

const explained = options.explain.split(',').map((pair) => pair.split(':'));
const isExplained = (device, model) => explained.some(([on, which]) => on === device && ['*', model].includes(which));

/** Has the worker note its heap at each event but progress. */
const watch = (worker) => worker.evaluate(async () => {
  // The module that runs already; asked again, it gives its exports.
  const module = await import(new URL('headlight_worker.js', globalThis.location.href).href);
  const { memory } = await module.default();
  const post = globalThis.postMessage;
  globalThis.heap = () => memory.buffer.byteLength;
  globalThis.noted = {};
  globalThis.postMessage = (message, ...rest) => {
    const event = JSON.parse(message.json);
    if (event.type !== 'progress') {
      globalThis.noted[event.type] = { heap: globalThis.heap(), timing: event.explanation?.timing_ms };
    }
    post.call(globalThis, message, ...rest);
  };
});

/** Clicks Load, and gives back after how many milliseconds the model was ready. */
async function load(page) {
  const places = [at('load'), `${at('model-state')}[data-state="ready"]`, status('error')];
  await page.evaluate(([button, ready, failed]) => {
    const began = performance.now();
    const look = () => {
      if (document.querySelector(ready)) globalThis.loaded ??= performance.now() - began;
      globalThis.failed ??= document.querySelector(failed)?.innerText;
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });
    document.querySelector(button).click();
  }, places);
  await page.waitForFunction('globalThis.loaded || globalThis.failed', undefined, { timeout: LOADING });
  const failed = await page.evaluate('globalThis.failed');
  if (failed) throw new Error(failed);
  return page.evaluate('globalThis.loaded');
}

/** One load in a browser of its own, and an explanation after it where one is wanted. */
async function once(address, device, model, profile, explains) {
  const browser = await launch({ webgpu: device === 'webgpu', profile });
  try {
    const page = await browser.open(`${address}?device=${device}`);
    await page.click(`${at('task')} [data-task="${model.tasks[0]}"]`);
    await page.selectOption(at('model-select'), model.id);
    // Without a text, loading is all that is done. The page remembers it, so that the next finds none either.
    await page.fill(at('text'), '');
    const worker = page.workers()[0] ?? (await page.waitForEvent('worker', { timeout: 60_000 }));
    await page.waitForSelector(`${at('device')}[data-kind="${device}"]`, { timeout: 300_000 });
    await watch(worker);
    const before = { heap: await worker.evaluate('heap()'), ...resident() };
    const milliseconds = await load(page);
    const after = { heap: (await worker.evaluate('noted')).loaded.heap, ...resident() };
    const row = { milliseconds, before, after };
    if (!explains) return row;
    const example = model.examples.find(({ task }) => task === model.tasks[0]);
    if (example.second_text) await page.fill(at('second-text'), example.second_text);
    await page.fill(at('text'), example.text);
    await page.waitForSelector(`${status('done')}, ${status('error')}`, { timeout: EXPLAINING });
    const { explained } = await worker.evaluate('noted');
    if (!explained) throw new Error(await page.innerText(at('status')));
    row.explained = { heap: explained.heap, milliseconds: explained.timing.total, ...resident() };
    return row;
  } finally {
    await browser.close();
  }
}

const megabytes = (bytes) => (bytes / 1e6).toFixed(0);
const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(0);
const seconds = (milliseconds) => (milliseconds / 1000).toFixed(1);
const processes = (row, type) => (row?.[type] ? `${row[type].now.toFixed(0)} (${row[type].peak.toFixed(0)})` : '–');

/** Cold and warm, as one row. */
async function measure(address, device, model) {
  const profile = await mkdtemp(join(tmpdir(), 'headlight-load-'));
  try {
    const cold = await once(address, device, model, profile, false);
    const warm = await once(address, device, model, profile, isExplained(device, model.id));
    const bytes = model.files.reduce((sum, file) => sum + file.bytes, 0);
    return { name: 'load', model: model.id, device, bytes, cold, warm };
  } finally {
    await rm(profile, { recursive: true, force: true });
  }
}

function line({ model, device, bytes, cold, warm }) {
  const { before, after, explained } = warm;
  return [
    model, device, megabytes(bytes), seconds(cold.milliseconds), seconds(warm.milliseconds),
    mebibytes(Math.max(cold.after.heap, after.heap)), explained ? mebibytes(explained.heap) : '–',
    explained ? seconds(explained.milliseconds) : '–', processes(before, 'renderer'), processes(explained ?? after, 'renderer'),
    processes(before, 'gpu'), processes(explained ?? after, 'gpu'),
  ];
}

const HEAD = [
  'model', 'device', 'files, MB', 'cold, s', 'warm, s', 'heap loaded, MiB', 'explained, MiB', 'explaining, s',
  'renderer before, MiB (peak)', 'after', 'GPU process before, MiB (peak)', 'after',
];

const server = await serve();
const rows = [];
try {
  const { models } = JSON.parse(await readFile(join(DIST, 'models/manifest.json'), 'utf8'));
  const wanted = options.models?.split(',') ?? models.map(({ id }) => id);
  console.log(`${cpus().length} × ${cpus()[0]?.model}; load average before: ${loadavg().map((load) => load.toFixed(2)).join(' ')}`);
  for (const device of options.devices.split(',')) {
    for (const model of models.filter(({ id }) => wanted.includes(id))) {
      try {
        const row = await measure(server.url, device, model);
        rows.push(row);
        console.log(JSON.stringify(row));
      } catch (error) {
        // The others are still worth knowing.
        process.exitCode = 1;
        console.log(JSON.stringify({ name: 'load', model: model.id, device, error: String(error).split('\n')[0] }));
      }
    }
  }
  console.log(`load average after: ${loadavg().map((load) => load.toFixed(2)).join(' ')}\n`);
  for (const cells of [HEAD, HEAD.map(() => '---'), ...rows.map(line)]) console.log(`| ${cells.join(' | ')} |`);
} finally {
  await server.close();
}
