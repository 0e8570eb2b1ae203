// All of a text's attention on the screen: the page's grid of heads beside BertViz's model_view of the same weights.
//
// usage: node attention.mjs [--tokens 64,128,256,512] [--limit 180] [--runs 3]
// For each length the page explains a text with SmolLM2, and all weights that its engine computed are written to a file,
// of which BertViz's own Python makes its page. Both pages are opened in Chromium, each in a browser of its own.
//
// Bytes: of ours the weights that came from the engine for the first view, the open head's map among them; of theirs the
// page as a file, and gzipped. BertViz 1.4.1 writes all weights twice, once into a comment; what the page would be if it
// did not is said too. What our site is to download stands beside it, gzipped: page, engine, and model.
//
// Time to the first picture, three ways. "Handed over": from when the engine begins to make what it sends, its runs
// done, to the grid's frame. "Fresh": a new profile opens a link and a stand-in for the engine's worker sends the answer
// that was recorded, which it fetches first, so that navigation, code, link and drawing are in it and no model is. Theirs:
// from navigation to the frame in which all thumbnails are in the page; writing the page is not counted. A frame is there
// when the next one begins. Where theirs comes to no picture within the limit, or takes more than its share of the memory,
// that is said, and ratios are against the limit. Prints a table, and one JSON line for each length.

import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { cpus, freemem, loadavg, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { createGzip } from 'node:zlib';

import { launch } from '../e2e/browser.mjs';
import { LONG, TOKENS } from '../e2e/long.mjs';
import { heap, resident } from '../e2e/memory.mjs';
import { at, done } from '../e2e/page.mjs';
import { DIST, serve } from '../e2e/server.mjs';

const { values: options } = parseArgs({
  options: {
    tokens: { type: 'string', default: '64,128,256,512' },
    limit: { type: 'string', default: '180' },
    runs: { type: 'string', default: '3' },
  },
});
const lengths = options.tokens.split(',').map(Number);
if (!lengths.every((length) => length > 0 && length <= TOKENS)) throw new Error(`The text has ${TOKENS} tokens.`);
const LIMIT = Number(options.limit) * 1000;
const runs = Math.min(50, Number(options.runs));
const MODEL = 'smollm2';
/** High enough for the grid to be on the screen without scrolling, below the longest text. */
const viewport = { width: 1280, height: 2700 };
/** How much of the memory that is free Python and theirs may take. */
const SHARE = 0.7;

/** What the page of BertViz fetches from elsewhere. jQuery 2.0.0 is not on npm; its next release is. */
const modules = fileURLToPath(new URL('node_modules/', import.meta.url));
const THEIRS = {
  'require.js/2.3.6/require.min.js': 'requirejs/require.js',
  'd3/5.7.0/d3.min.js': 'd3/dist/d3.min.js',
  'jquery/2.0.0/jquery.min.js': 'jquery/dist/jquery.min.js',
};

/** Keeps what pages send it, and gives it back. */
async function keep(folder) {
  const http = createServer(async (request, response) => {
    const path = join(folder, basename(request.url));
    const type = path.endsWith('.html') ? 'text/html' : 'application/octet-stream';
    try {
      if (request.method === 'POST') await pipeline(request, createWriteStream(path));
      const { size } = await stat(path);
      const length = request.method === 'POST' ? 0 : size;
      response.writeHead(200, { 'Access-Control-Allow-Origin': '*', 'Content-Type': type, 'Content-Length': length });
      if (length === 0) response.end();
      else await pipeline(createReadStream(path), response);
    } catch {
      // A browser that was closed half-way, or asks for an icon.
      response.writableEnded || response.headersSent ? response.destroy() : response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${http.address().port}/`,
    close: () => {
      http.closeAllConnections();
      http.close();
    },
  };
}

/** How long a file is gzipped. */
async function gzipped(path) {
  let bytes = 0;
  const count = new Writable({ write: (chunk, _, next) => ((bytes += chunk.length), next()) });
  await pipeline(createReadStream(path), createGzip(), count);
  return bytes;
}

/** Notes in a page when the grid's first frame after an answer is there, and keeps the answer with what follows it. */
const watchGrid = () => {
  globalThis.heard = [];
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (...rest) {
    draw.apply(this, rest);
    if (this.canvas.id !== 'head-grid' || globalThis.heard.length === 0 || globalThis.drawn) return;
    globalThis.drawn = performance.now();
    requestAnimationFrame(() => requestAnimationFrame(() => { globalThis.painted = performance.now(); }));
  };
  const hear = ({ data }) => {
    if (data.json.startsWith('{"explained"') || data.json.startsWith('{"looked"')) {
      globalThis.heard.push({ at: performance.timeOrigin + performance.now(), json: data.json, arrays: data.arrays });
    }
  };
  globalThis.watchWorker = (worker) => worker.addEventListener('message', hear);
  const { Worker } = globalThis;
  globalThis.Worker = class extends Worker {
    constructor(...rest) {
      super(...rest);
      globalThis.watchWorker(this);
    }
  };
};

/** Waits for that frame, with all of the grid on the screen. */
async function painted(page) {
  await page.waitForFunction('globalThis.painted', undefined, { timeout: LIMIT });
  const bottom = await page.evaluate("document.getElementById('head-grid').getBoundingClientRect().bottom");
  if (bottom > viewport.height) throw new Error('The grid is not on the screen.');
}

/** Sends what was heard to the keeper: one file of JSON and one of weights, in order. */
const record = (page, url) => page.evaluate(async (url) => {
  const { heard } = globalThis;
  const messages = heard.map(({ json, arrays }) => ({ json, lengths: arrays.map(({ length }) => length) }));
  const post = (name, body) => fetch(url + name, { method: 'POST', mode: 'no-cors', body });
  await post('answer.json', JSON.stringify(messages));
  await post('answer.bin', new Blob(heard.flatMap(({ arrays }) => arrays)));
}, url);

/** The page, asked about a text: the first view's bytes, and how long it took from the engine's last run. */
async function ask(site, kept, text) {
  const browser = await launch();
  try {
    const context = await browser.browser.newContext({ viewport, bypassCSP: true });
    const page = await browser.open(undefined, { context });
    await page.addInitScript(watchGrid);
    await page.goto(`${site.url}?device=cpu`);
    const worker = page.workers()[0] ?? (await page.waitForEvent('worker', { timeout: 60_000 }));
    await page.waitForSelector(`${at('device')}[data-kind="cpu"]`, { timeout: 60_000 });
    await worker.evaluate(() => {
      const post = globalThis.postMessage;
      globalThis.postMessage = (message, ...rest) => {
        if (message.json.startsWith('{"explained"')) globalThis.sent = performance.timeOrigin + performance.now();
        post.call(globalThis, message, ...rest);
      };
    });
    await page.fill(at('text'), text);
    await page.waitForTimeout(600);
    await done(page);
    await painted(page);
    // What the page asks for after that, and its address.
    await page.waitForTimeout(2000);
    const carried = Number(await page.getAttribute(at('carried'), 'data-bytes'));
    const there = await page.evaluate('performance.timeOrigin + globalThis.painted');
    const { explanation } = JSON.parse(await page.evaluate('globalThis.heard[0].json')).explained;
    const handed = there - (await worker.evaluate('globalThis.sent')) + explanation.timing_ms.attention;
    const memory = { page: resident().renderer?.now, engine: (await heap(worker)) / 2 ** 20 };
    await record(page, kept.url);
    const files = Object.keys(site.counts).filter((path) => !path.startsWith('models/'));
    return { carried, handed, link: page.url(), explanation, memory, files };
  } finally {
    await browser.close();
  }
}

/** A fresh page that opens a link and is answered with what was recorded. */
async function fresh(site, kept, link) {
  const browser = await launch();
  try {
    const context = await browser.browser.newContext({ viewport, bypassCSP: true });
    const page = await browser.open(undefined, { context });
    await page.addInitScript(watchGrid);
    await page.addInitScript((url) => {
      let recorded;
      const fetched = async () => {
        const [json, binary] = await Promise.all(['answer.json', 'answer.bin'].map((name) => fetch(url + name)));
        const weights = await binary.arrayBuffer();
        let from = 0;
        return (await json.json()).map(({ json, lengths }) => ({
          json,
          arrays: lengths.map((length) => new Float32Array(weights, (from += length * 4) - length * 4, length).slice()),
        }));
      };
      globalThis.Worker = class extends EventTarget {
        constructor() {
          super();
          globalThis.watchWorker(this);
        }

        say(json, arrays = []) {
          const event = new MessageEvent('message', { data: { json, arrays } });
          this.dispatchEvent(event);
          this.onmessage?.(event);
        }

        async postMessage({ json }) {
          const [[type, command]] = Object.entries(JSON.parse(json));
          const { id } = command;
          if (type === 'start') this.say('{"started":{"device":{"kind":"cpu","name":"recorded","reason":null}}}');
          if (type === 'load') {
            const model = command.source.model.id;
            this.say(JSON.stringify({ loaded: { id, model, cached: true, kept: true, milliseconds: 1 } }));
          }
          if (type !== 'explain' && type !== 'look') return;
          recorded ??= fetched();
          const next = (await recorded).shift();
          if (!next) return;
          const [[name, event]] = Object.entries(JSON.parse(next.json));
          this.say(JSON.stringify({ [name]: { ...event, id } }), next.arrays);
        }

        terminate() {}
      };
    }, kept.url);
    await page.goto(link);
    await painted(page);
    await page.waitForTimeout(1000);
    const carried = Number(await page.getAttribute(at('carried'), 'data-bytes'));
    return { milliseconds: await page.evaluate('globalThis.painted'), carried, memory: resident().renderer?.now };
  } finally {
    await browser.close();
  }
}

/** All weights of a text, in a file of the keeper's. */
async function attend(site, kept, text, name) {
  const browser = await launch();
  try {
    const page = await browser.open(site.url);
    const { models } = await (await fetch(`${site.url}models/manifest.json`)).json();
    const model = models.find(({ id }) => id === MODEL);
    const source = { kind: 'registered', model, base: `${site.url}models/${MODEL}/` };
    const request = {
      model: MODEL, task: 'continue', text, target: 'next', read: 'logit', methods: [], attention: name ? 'full' : 'none',
    };
    // Not as the tests ask: hundreds of megabytes are no list of numbers.
    return await page.evaluate(async ([source, request, address]) => {
      const worker = new Worker(document.querySelector('meta[name="headlight-worker"]').content, { type: 'module' });
      const ask = (command, wanted) => new Promise((resolve, reject) => {
        worker.onerror = ({ message }) => reject(new Error(message));
        worker.onmessage = ({ data }) => {
          const [[type, event]] = Object.entries(JSON.parse(data.json));
          if (type === wanted) resolve({ event, arrays: data.arrays });
          else if (type !== 'progress') reject(new Error(data.json.slice(0, 300)));
        };
        worker.postMessage({ json: JSON.stringify(command), arrays: [] });
      });
      await ask({ start: { device: 'cpu' } }, 'started');
      await ask({ load: { id: 1, source } }, 'loaded');
      const { event, arrays } = await ask({ explain: { id: 2, request } }, 'explained');
      if (address) await fetch(address, { method: 'POST', mode: 'no-cors', body: new Blob(arrays) });
      return event.explanation;
    }, [source, request, name && kept.url + name]);
  } finally {
    await browser.close();
  }
}

/** How far what was shown is from the greatest weight of each of its squares: both sides are of the same attention. */
async function compare(folder, { layers, heads, rows, columns, overview }) {
  const floats = async (name) => {
    const { buffer, byteOffset, byteLength } = await readFile(join(folder, name));
    return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
  };
  const [weights, shown] = await Promise.all(['weights.bin', 'answer.bin'].map(floats));
  const [high, wide] = overview ? [overview.rows, overview.columns] : [rows, columns];
  const [down, across] = [Math.ceil(rows / high), Math.ceil(columns / wide)];
  const most = new Float32Array(layers * heads * high * wide);
  for (let map = 0; map < layers * heads; map += 1) {
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        const place = (map * high + Math.floor(row / down)) * wide + Math.floor(column / across);
        most[place] = Math.max(most[place], weights[(map * rows + row) * columns + column]);
      }
    }
  }
  return most.reduce((worst, value, index) => Math.max(worst, Math.abs(value - shown[index])), 0);
}

/** BertViz's page in Chromium: when all its thumbnails are drawn, or why they are not. */
async function open(url, last) {
  const most = (SHARE * freemem()) / 2 ** 20;
  const browser = await launch();
  let peak = 0;
  try {
    const context = await browser.browser.newContext({ viewport, bypassCSP: true });
    const page = await browser.open(undefined, { context });
    for (const [path, file] of Object.entries(THEIRS)) {
      await page.route(`https://cdnjs.cloudflare.com/ajax/libs/${path}`, (route) => route.fulfill({ path: modules + file }));
    }
    await page.addInitScript((last) => {
      const look = () => {
        if (!document.getElementById(last)) return requestAnimationFrame(look);
        return requestAnimationFrame(() => requestAnimationFrame(() => { globalThis.painted = performance.now(); }));
      };
      requestAnimationFrame(look);
    }, last);
    const began = performance.now();
    const ends = new AbortController();
    const seconds = () => ((performance.now() - began) / 1000).toFixed(0);
    const crash = new Promise((resolve) => page.on('crash', () => resolve({ why: `crashed after ${seconds()} s` })));
    const watch = async () => {
      while (!ends.signal.aborted) {
        peak = Math.max(peak, resident().renderer?.now ?? 0);
        if (peak > most) return { why: `closed after ${seconds()} s at ${(peak / 1024).toFixed(1)} GiB` };
        if (performance.now() - began > LIMIT) return { why: `no picture within ${LIMIT / 1000} s` };
        await sleep(200);
      }
      return undefined;
    };
    const picture = async () => {
      await page.goto(url, { waitUntil: 'commit', timeout: LIMIT });
      await page.waitForFunction('globalThis.painted', undefined, { timeout: 2 * LIMIT });
      const times = await page.evaluate(() => ({
        milliseconds: globalThis.painted,
        contentful: performance.getEntriesByName('first-contentful-paint')[0]?.startTime,
      }));
      return { ...times, lines: await page.evaluate("document.querySelectorAll('svg line').length") };
    };
    // Once it is loaded and answers with nothing drawn, nothing more is to come.
    const loaded = async () => {
      await page.waitForLoadState('load', { timeout: 2 * LIMIT });
      for (let quiet = 0; quiet < 10; quiet += 1) {
        await page.evaluate('1');
        await sleep(1000);
      }
      if (await page.evaluate((last) => Boolean(document.getElementById(last)), last)) return new Promise(() => {});
      const why = page.complaints.filter(({ kind }) => kind !== 'request').map(({ text }) => text)[0] ?? 'no complaint';
      return { why: `drew nothing: ${why}` };
    };
    const never = () => new Promise(() => {});
    const found = await Promise.race([picture().catch(never), loaded().catch(never), crash, watch()]);
    ends.abort();
    peak = Math.max(peak, resident().renderer?.peak ?? 0);
    return { ...found, peak };
  } finally {
    await Promise.race([browser.close(), sleep(20_000)]);
  }
}

async function bertviz(folder, kept, { layers, heads, tokens }) {
  const place = (name) => join(folder, name);
  await writeFile(place('description.json'), JSON.stringify({ layers, heads, tokens }));
  const script = fileURLToPath(new URL('model_view.py', import.meta.url));
  const files = ['weights.bin', 'description.json', 'theirs.html'].map(place);
  const limit = String(Math.floor(SHARE * freemem()));
  const { stdout } = await promisify(execFile)(process.env.HEADLIGHT_BERTVIZ_PYTHON, [script, ...files, limit]);
  const writing = JSON.parse(stdout);
  const { size: bytes } = await stat(place('theirs.html'));
  const found = await open(`${kept.url}theirs.html`, `attn_background_${layers - 1}_${heads - 1}`);
  return { bytes, gzip: await gzipped(place('theirs.html')), writing, ...found };
}

const median = (times) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)];
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
const seconds = (time) => `${(time / 1000).toFixed(2)} s`;
const mebibytes = (size) => (size ? `${size.toFixed(0)} MiB` : '–');
const times = (ratio) => ratio.toFixed(ratio < 10 ? 1 : 0);

/** One length, both sides. */
async function measure(folder, kept, text, tokens) {
  const site = await serve();
  try {
    const { explanation, files, ...ours } = await ask(site, kept, text);
    const [attention] = explanation.attention;
    const names = explanation.input.tokens.map((token) => token.text);
    if (names.length !== tokens) throw new Error(`The text has ${names.length} tokens in place of ${tokens}.`);
    const opened = [];
    for (let run = 0; run < runs; run += 1) opened.push(await fresh(site, kept, ours.link));
    if (opened.some(({ carried }) => carried !== ours.carried)) throw new Error('The recorded answer is not what the page had.');
    await attend(site, kept, text, 'weights.bin');
    const apart = await compare(folder, attention);
    if (apart > 1e-5) throw new Error(`The two sides' attentions are ${apart} apart.`);
    const { layers, heads } = attention;
    const theirs = await bertviz(folder, kept, { layers, heads, tokens: names });
    const until = theirs.milliseconds ?? LIMIT;
    const own = median(opened.map(({ milliseconds }) => milliseconds));
    return {
      row: {
        name: 'attention', model: MODEL, layers, heads, tokens, apart,
        ours: {
          carried: ours.carried, handed_ms: ours.handed, fresh_ms: opened.map(({ milliseconds }) => milliseconds),
          explain_ms: explanation.timing_ms, memory: { ...ours.memory, fresh: median(opened.map(({ memory }) => memory)) },
        },
        theirs,
        ratios: {
          is_bound: theirs.milliseconds === undefined, bytes: theirs.bytes / ours.carried,
          once: theirs.bytes / theirs.writing.copies / ours.carried, gzip: theirs.gzip / ours.carried,
          handed: until / ours.handed, fresh: until / own, memory: theirs.peak / ours.memory.page,
        },
      },
      files,
    };
  } finally {
    await site.close();
  }
}

function cells({ tokens, ours, theirs, ratios }) {
  const over = ratios.is_bound ? '> ' : '';
  return [
    tokens, megabytes(ours.carried), megabytes(theirs.bytes), megabytes(theirs.gzip), times(ratios.bytes),
    times(ratios.once), times(ratios.gzip), seconds(ours.handed_ms), seconds(median(ours.fresh_ms)),
    theirs.milliseconds ? seconds(theirs.milliseconds) : theirs.why,
    over + times(ratios.handed), over + times(ratios.fresh), mebibytes(ours.memory.page), mebibytes(ours.memory.fresh),
    mebibytes(theirs.peak),
  ];
}

const HEAD = [
  'tokens', 'ours', 'theirs', 'gzipped', 'times', 'with each weight once', 'gzipped', 'handed over', 'fresh', 'theirs',
  'times, handed over', 'fresh', 'memory: page and engine', 'page alone', 'theirs, peak',
];

const load = () => loadavg().map((load) => load.toFixed(2)).join(' ');

const folder = await mkdtemp(join(process.env.HEADLIGHT_BENCH ?? tmpdir(), 'attention-'));
const kept = await keep(folder);
const rows = [];
try {
  console.log(`${cpus().length} × ${cpus()[0]?.model}; load average before: ${load()}`);
  const site = await serve();
  const { input } = await attend(site, kept, LONG, undefined).finally(() => site.close());
  const bytes = new TextEncoder().encode(LONG);
  let files;
  for (const tokens of lengths) {
    const text = new TextDecoder().decode(bytes.slice(0, input.tokens[tokens - 1].end));
    const found = await measure(folder, kept, text, tokens);
    ({ files } = found);
    rows.push(found.row);
    console.log(JSON.stringify(found.row));
  }
  console.log(`load average after: ${load()}\n`);
  for (const line of [HEAD, HEAD.map(() => '---'), ...rows.map(cells)]) console.log(`| ${line.join(' | ')} |`);
  const sum = async (paths) => {
    const sizes = await Promise.all(paths.map((path) => gzipped(join(DIST, path))));
    return megabytes(sizes.reduce((all, one) => all + one, 0));
  };
  const isEngine = (path) => path.startsWith('worker/');
  const weights = await stat(join(DIST, 'models', MODEL, 'model.gguf'));
  console.log(
    `\nour site, gzipped: the page ${await sum(files.filter((path) => !isEngine(path)))}, ` +
      `the engine ${await sum(files.filter(isEngine))}; the model ${megabytes(weights.size)}`,
  );
} finally {
  kept.close();
  await rm(folder, { recursive: true, force: true });
}
