// Models that a person brings: out of a repository of a hub, and out of files that were dropped; and what is kept of them.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';

import { launch } from './browser.mjs';
import { engine } from './engine.mjs';
import { COMMIT, golden, hub as startHub, WEIGHTS } from './hub.mjs';
import { relative } from './numbers.mjs';
import { serve } from './server.mjs';

const SLOW = { timeout: 240_000 };
const SECRET = 'hf_this_must_not_be_seen';
const CHOSEN = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', WEIGHTS];

let server;
let hub;
let browser;
let expected;

before(async () => {
  [server, hub, expected] = [await serve(), await startHub(), await golden()];
  browser = await launch();
});

afterEach(() => hub.heal());

after(async () => {
  await browser?.close();
  await hub?.close();
  await server?.close();
});

/** A page with an engine of its own. */
async function opened(options) {
  const page = await browser.open(server.url, options);
  return Object.assign(await engine(page), { page });
}

const source = (more = {}) => ({ kind: 'hub', id: 'tiny/bert', base: hub.url, ...more });
const load = (engine, more) => engine.ask({ type: 'load', source: source(more) });
const size = (name) => hub.content(name).length;
const whole = () => CHOSEN.reduce((sum, name) => sum + size(name), 0);
const sha256 = (content) => createHash('sha256').update(content).digest('hex');

/** Holds the loaded model's answer against PyTorch's. */
async function right(engine, model, sha = expected.weights_sha256) {
  const { text, second_text, target, attention } = expected;
  const request = {
    model, task: 'compare', text, second_text, target: 'similarity', read: 'logit', methods: ['grad_x_input'], attention: 'full',
  };
  const event = await engine.ask({ type: 'explain', request });
  assert.equal(event.type, 'explained', JSON.stringify(event));
  const { explanation, arrays } = event;
  assert.ok(Math.abs(explanation.target.value - target.value) < 1e-4);
  assert.ok(relative(explanation.attributions[0].values, target.grad_x_input) < 1e-3);
  assert.ok(arrays[0].every((weight, at) => Math.abs(weight - attention.values[at]) < 1e-4));
  if (sha) assert.equal(explanation.model.sha256, sha);
  return explanation;
}

/** The names in a folder of the origin's storage. */
const stored = (engine, folder = 'models') => engine.worker().evaluate(async (folder) => {
  const root = await navigator.storage.getDirectory();
  const names = [];
  for await (const name of (await root.getDirectoryHandle(folder, { create: true })).keys()) names.push(name);
  return names.sort();
}, folder);

test('a repository is inspected, loaded, explained and kept; what is kept is listed and deleted', SLOW, async () => {
  let it = await opened();
  const { inspection } = await it.ask({ type: 'inspect', source: source() });
  assert.deepEqual(inspection.files.map(({ name }) => name), CHOSEN);
  assert.deepEqual([inspection.model, inspection.commit, inspection.license], ['tiny/bert', COMMIT, 'mit']);
  assert.deepEqual([inspection.bytes, inspection.cached], [whole(), 0]);
  assert.deepEqual(inspection.tags, ['sentence-similarity', 'transformers']);
  assert.equal(hub.downloads().length, 0, 'looking fetches nothing');

  const loaded = await load(it);
  assert.deepEqual([loaded.type, loaded.model, loaded.cached, loaded.kept], ['loaded', 'tiny/bert', false, true], JSON.stringify(loaded));
  assert.equal(loaded.entry.license, 'mit');
  assert.ok(loaded.entry.tasks.includes('compare'));
  assert.equal(hub.downloads().length, CHOSEN.length);
  await right(it, 'tiny/bert');

  await it.page.reload();
  it = Object.assign(await engine(it.page), { page: it.page });
  hub.heal();
  const again = await it.ask({ type: 'inspect', source: source() });
  assert.equal(again.inspection.cached, whole());
  assert.deepEqual([(await load(it)).cached, hub.downloads().length], [true, 0], 'everything comes from the cache');
  await right(it, 'tiny/bert');

  const { entries } = await it.ask({ type: 'list_cache' });
  assert.deepEqual(entries.map(({ model, bytes, whole }) => [model, bytes, whole]), [['tiny/bert', whole(), true]]);
  assert.ok(Math.abs(entries[0].used - Date.now()) < 120_000);

  // A hub that is away, and one that nobody asks.
  hub.faults.busy = Infinity;
  const offline = await it.ask({ type: 'load', source: { kind: 'cached', model: 'tiny/bert' } });
  assert.equal(offline.type, 'loaded', JSON.stringify(offline));
  await right(it, 'tiny/bert');
  hub.heal();

  const left = await it.ask({ type: 'delete_cached', model: 'tiny/bert' });
  assert.deepEqual([left.entries, await stored(it), await stored(it, 'records')], [[], [], []]);
  assert.equal((await it.ask({ type: 'inspect', source: source() })).inspection.cached, 0);
  const gone = await it.ask({ type: 'load', source: { kind: 'cached', model: 'tiny/bert' } });
  assert.match(gone.failure.message, /not whole in this browser's cache/);
  assert.deepEqual(it.page.complaints.filter(({ text }) => !text.includes('503')), []);
  await it.page.context().close();
});

test('a file of two models outlives one of them, and registered models are listed too', SLOW, async () => {
  const it = await opened();
  await load(it);
  await load(it, { revision: 'v2' });
  const manifest = await (await fetch(new URL('models/manifest.json', server.url))).json();
  const minilm = manifest.models.find(({ id }) => id === 'minilm');
  const base = new URL('models/minilm/', server.url).href;
  assert.equal((await it.ask({ type: 'load', source: { kind: 'registered', model: minilm, base } })).type, 'loaded');
  const { entries } = await it.ask({ type: 'list_cache' });
  assert.deepEqual(entries.map(({ model }) => model), ['minilm', 'tiny/bert@v2', 'tiny/bert'], 'the one used last comes first');
  const left = await it.ask({ type: 'delete_cached', model: 'tiny/bert' });
  assert.deepEqual(left.entries.map(({ model, whole }) => [model, whole]), [['minilm', true], ['tiny/bert@v2', true]]);
  hub.heal();
  assert.equal((await load(it, { revision: 'v2' })).cached, true);
  assert.equal(hub.downloads().length, 0);
  // What an earlier visit left without a record is listed, and can be let go of.
  await it.worker().evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('models');
    const handle = await (await folder.getFileHandle('f'.repeat(64), { create: true })).createSyncAccessHandle();
    handle.write(new Uint8Array(1234));
    handle.close();
  });
  const orphan = (await it.ask({ type: 'list_cache' })).entries.at(-1);
  assert.deepEqual([orphan.model, orphan.bytes, orphan.whole], ['', 1234, false]);
  assert.equal((await it.ask({ type: 'delete_cached', model: '' })).entries.length, 2);
  assert.deepEqual((await it.ask({ type: 'delete_cached', model: null })).entries, []);
  assert.deepEqual(await stored(it), []);
  await it.page.context().close();
});

const REFUSALS = [
  ['401 without a token', { status: 401 }, {}, /does not give out tiny\/bert without a token/],
  ['401 with a token', { status: 401 }, { token: SECRET }, /does not accept this token/],
  ['403', { status: 403, code: 'GatedRepo' }, { token: SECRET }, /accept its terms/],
  ['404 of the repository', { status: 404, code: 'RepoNotFound' }, {}, /There is no model tiny\/bert/],
  ['404 of a revision', { status: 404, code: 'RevisionNotFound' }, { revision: 'v9' }, /has no revision "v9"/],
  ['busy for too long', { busy: 9 }, {}, /cannot answer now \(it said 503\)/],
  ['a wrong hash', { wrong: true }, {}, /model\.safetensors is damaged or was altered/],
  ['shorter than listed', { lie: 9 }, {}, /model\.safetensors has another length/],
  ['longer than listed', { lie: -9 }, {}, /model\.safetensors has another length/],
  ['ends too soon each time', { short: 9 }, {}, /model\.safetensors ended too soon/],
  ['cut each time', { cut: 9 }, {}, /model\.safetensors could not be downloaded \(the connection broke\)/],
  ['pickles', { listed: { 'config.json': 9, 'pytorch_model.bin': 9 } }, {}, /only as pytorch_model\.bin, a format that can run code/],
  ['no tokenizer', { listed: { 'config.json': 9, 'model.safetensors': 9 } }, {}, /no tokenizer that can be read/],
  ['a name that leads elsewhere', { listed: { '../../x': 9 } }, {}, /a name that is not safe/],
  ['an absurd size', { listed: { 'config.json': 2 ** 50, 'tokenizer.json': 9, 'model.safetensors': 9 } }, {}, /more than the limit/],
  ['a redirect to an insecure address', { astray: 'http://models.example' }, {}, /could not be downloaded|not secure/],
  ['an id that is none', {}, { id: '../../etc' }, /names no repository/],
  ['an address of another host', {}, { id: 'https://evil.example/tiny/bert' }, /names no repository/],
  ['an insecure hub', {}, { base: 'http://models.example' }, /is no address to fetch models from/],
];

test('every refusal is a sentence of its own, leaves nothing behind, and the engine goes on', SLOW, async () => {
  const it = await opened();
  for (const [name, faults, more, sentence] of REFUSALS) {
    hub.heal();
    hub.faults = { ...faults };
    const event = await load(it, more);
    assert.equal(event.type, 'failed', `${name}: ${JSON.stringify(event)}`);
    assert.match(event.failure.message, sentence, name);
    assert.equal(event.failure.message.split('\n').length, 1);
    const files = await stored(it);
    assert.ok(!files.some((file) => file.startsWith(expected.weights_sha256)), `${name} left ${files}`);
    assert.deepEqual(await stored(it, 'records'), [], name);
  }
  assert.ok(!(await it.transcript()).includes(SECRET));
  hub.heal();
  assert.equal((await load(it)).type, 'loaded');
  await right(it, 'tiny/bert');
  await it.page.context().close();
});

test('a download that breaks goes on from there, or from the start where the server cannot', SLOW, async () => {
  const it = await opened();
  hub.faults = { cut: 1, busy: 1 };
  assert.equal((await load(it)).type, 'loaded');
  const ranges = () => hub.downloads(WEIGHTS).map(({ headers }) => headers.range);
  assert.deepEqual(ranges(), [undefined, `bytes=${Math.floor(size(WEIGHTS) / 2)}-`]);
  await it.ask({ type: 'delete_cached', model: null });
  hub.heal();
  hub.faults = { cut: 1, noRanges: true };
  assert.equal((await load(it)).type, 'loaded');
  assert.equal(ranges().length, 2);
  await right(it, 'tiny/bert');
  await it.page.context().close();
});

test('a server that hangs is left after a while, and asked again', SLOW, async () => {
  const it = await opened();
  hub.faults = { hang: 1 };
  const began = performance.now();
  assert.equal((await load(it)).type, 'loaded');
  assert.ok(performance.now() - began > 15_000);
  assert.match(hub.downloads(WEIGHTS)[1].headers.range, /^bytes=\d+-$/);
  await right(it, 'tiny/bert');
  await it.page.context().close();
});

test('a slow download says how far it is, and can be cancelled', SLOW, async () => {
  const it = await opened();
  hub.faults = { slow: 40_000 };
  assert.equal((await it.askAndCancel({ type: 'load', source: source() }, 'download')).type, 'cancelled');
  const progress = await it.progress('download');
  assert.ok(progress.every(({ done, total }) => done <= total && total === whole()), JSON.stringify(progress));
  assert.ok(!(await stored(it)).some((file) => file.startsWith(expected.weights_sha256)));
  hub.faults = {};
  assert.equal((await load(it)).type, 'loaded');
  await it.page.context().close();
});

test('a token goes to the hub alone, and is neither kept nor told', SLOW, async () => {
  const it = await opened();
  assert.equal((await load(it, { token: SECRET })).type, 'loaded');
  const own = hub.asked.filter(({ cdn }) => !cdn);
  assert.ok(own.length > 5 && own.every(({ headers }) => headers.authorization === `Bearer ${SECRET}`));
  assert.ok(hub.downloads().every(({ headers }) => headers.authorization === undefined));
  assert.ok(hub.asked.every(({ headers }) => headers.referer === undefined && headers.cookie === undefined));
  assert.ok(!(await it.transcript()).includes(SECRET));
  const kept = await it.worker().evaluate(async () => {
    const texts = [];
    for (const name of ['models', 'records']) {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle(name);
      for await (const handle of folder.values()) texts.push(handle.name, await (await handle.getFile()).text());
    }
    return texts.join('\n');
  });
  assert.ok(kept.includes('tiny/bert') && !kept.includes(SECRET));
  assert.ok(!(await it.page.evaluate(() => JSON.stringify({ ...localStorage }) + location.href)).includes(SECRET));
  hub.heal();
  // Without it, nothing of it is left.
  await load(it, { revision: 'v2' });
  assert.ok(hub.asked.every(({ headers }) => headers.authorization === undefined));
  await it.page.context().close();
});

test('a file that was evicted or cut is fetched again', SLOW, async () => {
  const it = await opened();
  await load(it);
  const change = (hash, bytes) => it.worker().evaluate(async ([hash, bytes]) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('models');
    if (bytes === undefined) return folder.removeEntry(hash);
    const handle = await (await folder.getFileHandle(hash)).createSyncAccessHandle();
    handle.truncate(bytes);
    handle.close();
    return undefined;
  }, [hash, bytes]);
  await change(expected.weights_sha256);
  await change(sha256(hub.content('config.json')), 10);
  hub.heal();
  const missing = size(WEIGHTS) + size('config.json');
  assert.equal((await it.ask({ type: 'inspect', source: source() })).inspection.cached, whole() - missing);
  const [entry] = (await it.ask({ type: 'list_cache' })).entries;
  assert.deepEqual([entry.whole, entry.bytes], [false, whole() - missing]);
  const loaded = await load(it);
  assert.deepEqual([loaded.type, loaded.cached, loaded.kept], ['loaded', false, true]);
  assert.equal(hub.downloads().length, 2);
  await right(it, 'tiny/bert');
  await it.page.context().close();
});

test('a full storage: the model loads all the same, and says that it was not kept', SLOW, async () => {
  const it = await opened();
  await it.worker().evaluate(() => {
    FileSystemSyncAccessHandle.prototype.write = () => { throw new DOMException('There is no room.', 'QuotaExceededError'); };
  });
  const loaded = await load(it);
  assert.deepEqual([loaded.type, loaded.kept], ['loaded', false]);
  await right(it, 'tiny/bert');
  assert.deepEqual(await stored(it), []);
  assert.deepEqual((await it.ask({ type: 'list_cache' })).entries, []);
  await it.page.context().close();
});

test('files that were dropped are a model; what they lack is said', SLOW, async () => {
  const it = await opened();
  const names = [...CHOSEN, 'README.md'].map((name) => `my model/${name}`);
  for (const name of names) {
    const content = hub.content(name.split('/')[1]) ?? Buffer.from('x');
    await it.offer(name, { content: content.toString('base64') });
  }
  const files = { kind: 'files', names };
  const { inspection } = await it.ask({ type: 'inspect', source: files }, names);
  assert.deepEqual([inspection.title, inspection.bytes, inspection.cached], ['my model', whole(), whole()]);
  assert.deepEqual(inspection.files.map(({ name }) => name), CHOSEN);
  const loaded = await it.ask({ type: 'load', source: files }, names);
  assert.deepEqual([loaded.type, loaded.kept, loaded.model], ['loaded', false, inspection.model], JSON.stringify(loaded));
  assert.equal(loaded.entry.title, 'my model');
  assert.equal(loaded.entry.files.find(({ role }) => role === 'weights').sha256, expected.weights_sha256);
  await right(it, loaded.model);
  assert.deepEqual([await stored(it), await stored(it, 'records')], [[], []], 'a person keeps their own files');

  for (const [lacking, sentence] of [['config.json', /no config\.json/], ['tokenizer.json', /no tokenizer/], [WEIGHTS, /no weights/]]) {
    const some = names.filter((name) => !name.endsWith(`/${lacking}`));
    const event = await it.ask({ type: 'inspect', source: { kind: 'files', names: some } }, some);
    assert.match(event.failure.message, sentence);
  }
  const fewer = await it.ask({ type: 'load', source: files }, names.slice(1));
  assert.match(fewer.failure.message, /other files than it named/);
  const evil = await it.ask({ type: 'load', source: { kind: 'files', names: names.map((name) => `../${name}`) } }, names);
  assert.match(evil.failure.message, /not safe/);
  await it.page.context().close();
});

test('weights in two files and a vocabulary as a list are a model too, fetched or dropped', SLOW, async () => {
  const it = await opened();
  const names = [
    'config.json', 'vocab.txt', 'tokenizer_config.json', 'special_tokens_map.json', 'model.safetensors.index.json',
    'model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors',
  ];
  const loaded = await load(it, { id: 'tiny/shards' });
  assert.deepEqual([loaded.type, loaded.kept], ['loaded', true], JSON.stringify(loaded));
  assert.deepEqual(loaded.entry.files.map(({ name }) => name), names);
  await right(it, 'tiny/shards', null);
  for (const name of names) await it.offer(name, { content: hub.content(name, 'shards').toString('base64') });
  const dropped = await it.ask({ type: 'load', source: { kind: 'files', title: 'mine', names } }, names);
  assert.deepEqual([dropped.type, dropped.entry.title], ['loaded', 'mine'], JSON.stringify(dropped));
  await right(it, dropped.model, null);
  const some = names.filter((name) => !name.startsWith('model-00002'));
  const event = await it.ask({ type: 'load', source: { kind: 'files', names: some } }, some);
  assert.match(event.failure.message, /model-00002-of-00002\.safetensors is missing/);
  await it.page.context().close();
});

test('a large file that was dropped is read in slices, never as a whole', SLOW, async () => {
  const it = await opened();
  const address = new URL('models/smollm2/model.gguf', server.url).href;
  await it.offer('SmolLM2.gguf', { address });
  await it.worker().evaluate(() => {
    const { readAsArrayBuffer } = FileReaderSync.prototype;
    globalThis.slices = [];
    FileReaderSync.prototype.readAsArrayBuffer = function (blob) {
      globalThis.slices.push(blob.size);
      return readAsArrayBuffer.call(this, blob);
    };
  });
  const loaded = await it.ask({ type: 'load', source: { kind: 'files', names: ['SmolLM2.gguf'] } }, ['SmolLM2.gguf']);
  assert.equal(loaded.type, 'loaded', JSON.stringify(loaded));
  assert.ok(loaded.entry.tasks.includes('continue'));
  const manifest = await (await fetch(new URL('models/manifest.json', server.url))).json();
  const [weights] = manifest.models.find(({ id }) => id === 'smollm2').files;
  assert.equal(loaded.entry.files[0].sha256, weights.sha256);
  const slices = await it.worker().evaluate(() => globalThis.slices);
  assert.ok(Math.max(...slices) < weights.bytes / 2, `${Math.max(...slices)} of ${weights.bytes} bytes at once`);
  const progress = await it.progress('verify');
  assert.ok(progress.length > 3 && progress.every(({ total }) => total === weights.bytes));
  const request = {
    model: loaded.model, task: 'continue', text: 'The capital of France is', target: 'next', read: 'logit',
    methods: ['grad_x_input'], attention: 'none',
  };
  const { explanation } = await it.ask({ type: 'explain', request });
  assert.equal(explanation.output.top[0].text, ' Paris');
  await it.page.context().close();
});
