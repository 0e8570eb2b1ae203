// A visitor's own model: out of a repository, out of files, out of what the browser keeps, and out of a link.

import assert from 'node:assert/strict';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { launch } from './browser.mjs';
import { golden, hub as startHub } from './hub.mjs';
import { greatest, relative } from './numbers.mjs';
import { at, attribution, done, exported, SLOW, status } from './page.mjs';
import { DIST, serve } from './server.mjs';

const CHOSEN = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'model.safetensors'];
const SECRET = 'hf_this_must_not_be_seen';

let server;
let hub;
let browser;
let expected;
let folders;

before(async () => {
  [server, hub, expected] = [await serve(), await startHub(), await golden()];
  folders = await mkdtemp(join(tmpdir(), 'headlight-own-'));
  browser = await launch();
});

afterEach(() => hub.heal());

after(async () => {
  await browser?.close();
  await hub?.close();
  await server?.close();
  if (folders) await rm(folders, { recursive: true });
});

const whole = () => CHOSEN.reduce((sum, name) => sum + hub.content(name).length, 0);
const fixture = (name) => fileURLToPath(new URL(`./fixtures/tiny-bert/${name}`, import.meta.url));

async function opened() {
  const page = await browser.open(`${server.url}?device=cpu`);
  await page.waitForSelector(`${at('model-select')} option[value="minilm"]`, { state: 'attached' });
  await page.click(at('own-model'));
  return page;
}

async function look(page, id, token) {
  await page.fill(at('own-id'), id);
  if (token) await page.fill(at('own-token'), token);
  if (!(await page.isVisible(at('own-base')))) await page.click(at('own-more'));
  await page.fill(at('own-base'), hub.url);
  await page.click(at('own-look'));
}

/** Asks the stored question on the page, and holds the answer against PyTorch's. */
async function right(page) {
  const { text, second_text, target, attention } = expected;
  await page.fill(at('text'), text);
  await page.fill(at('second-text'), second_text);
  await page.waitForTimeout(600);
  await done(page);
  const document = await exported(page);
  assert.deepEqual([document.input.text, document.input.second_text], [text, second_text]);
  assert.ok(Math.abs(document.target.value - target.value) < 1e-4);
  assert.ok(relative(attribution(document, 'grad_x_input'), target.grad_x_input) < 1e-3);
  assert.ok(greatest(document.attention[0].values, attention.values) < 1e-4);
  return document;
}

/** Writes a folder, `files` by their paths in it: each a buffer, or the path of a file to copy. */
async function folder(name, files) {
  for (const [path, content] of Object.entries(files)) {
    const to = join(folders, name, path);
    await mkdir(dirname(to), { recursive: true });
    await (typeof content === 'string' ? copyFile(content, to) : writeFile(to, content));
  }
  return join(folders, name);
}

/** Drops files and folders of this machine in the middle of the page, as a person does. */
async function drop(page, ...files) {
  const devtools = await page.context().newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop']) {
    await devtools.send('Input.dispatchDragEvent', { type, x: 600, y: 400, data });
  }
  await devtools.detach();
}

/** The names of the files that the page last asked its worker to look at. */
const offered = (page) => page.evaluate(() => globalThis.posted.findLast(({ inspect }) => inspect).inspect.source.names);

/** Keeps what the page says to its worker. */
const overhear = (page) => page.addInitScript(() => {
  const { postMessage } = Worker.prototype;
  globalThis.posted = [];
  Worker.prototype.postMessage = function (message, ...rest) {
    globalThis.posted.push(JSON.parse(message.json));
    return postMessage.call(this, message, ...rest);
  };
});

/** Where a file of a registered model lies. */
const registered = (path) => join(DIST, 'models', path);

const option = (page) => page.locator(`${at('model-select')} option:checked`).innerText();

test('a repository is looked up, loaded, explained, opened from the cache after a reload, and deleted', SLOW, async () => {
  const page = await opened();
  await look(page, 'tiny/bert', SECRET);
  await page.waitForSelector(at('own-load'));
  assert.equal(await page.getAttribute(at('own-total'), 'data-bytes'), String(whole()));
  assert.equal(await page.getAttribute(at('own-total'), 'data-cached'), '0');
  assert.match(await page.innerText(at('own-total')), /^mit · /);
  const list = await page.innerText(at('own-list'));
  assert.ok(CHOSEN.every((name) => list.includes(name)), list);
  assert.equal(hub.downloads().length, 0, 'looking fetches nothing');
  await page.click(at('own-load'));
  await page.waitForSelector(`${at('model-state')}[data-state="ready"]`);
  assert.match(await option(page), /bert/);
  assert.equal(await page.isVisible(at('own-dialog')), false);
  await right(page);
  const link = page.url();
  const remembered = await page.evaluate(() => JSON.stringify({ ...localStorage }) + location.href);
  assert.ok(!remembered.includes(SECRET));
  assert.ok(remembered.includes(hub.url), 'another hub is remembered');

  hub.heal();
  await page.reload();
  await done(page);
  assert.match(await option(page), /bert/);
  await right(page);
  assert.equal(hub.asked.length, 0, 'the cache alone answers');

  await page.click(at('own-model'));
  const row = page.locator(`${at('kept')} li[data-model="tiny/bert"]`);
  assert.match(await row.innerText(), /last used/);
  await row.locator(at('kept-open')).click();
  await page.waitForSelector(at('own-dialog'), { state: 'hidden' });
  await page.click(at('own-model'));
  await row.locator(at('kept-delete')).click();
  await page.waitForSelector(at('kept-none'));
  assert.deepEqual(page.complaints, []);

  // A link to what is not here asks first, and looks nowhere before.
  const other = await browser.open(undefined, { context: page.context() });
  await other.goto(link);
  await other.waitForSelector(at('own-invited'));
  assert.match(await other.innerText(at('own-invited')), /tiny\/bert/);
  assert.equal(await other.inputValue(at('own-id')), 'tiny/bert');
  assert.equal(hub.asked.length, 0);
  await other.click(at('own-look'));
  await other.click(at('own-load'));
  await done(other);
  const document = await exported(other);
  assert.equal(document.input.text, expected.text);
  assert.ok(Math.abs(document.target.value - expected.target.value) < 1e-4);
  assert.deepEqual(other.complaints, []);
  await page.context().close();
});

test('a refusal is a sentence, and a large model is asked about', SLOW, async () => {
  const page = await opened();
  await look(page, 'tiny/nothing');
  await page.waitForSelector(at('own-refused'));
  assert.match(await page.innerText(at('own-refused')), /tiny\/nothing.*\.$/s);
  await look(page, 'no repository');
  await page.waitForFunction((old) => !document.querySelector('[data-testid="own-refused"]')?.textContent.includes(old), 'nothing');
  hub.faults.lie = 400_000_000;
  await look(page, 'tiny/bert');
  await page.click(at('own-load'));
  assert.match(await page.innerText(at('own-ask')), /400 MB/);
  assert.equal(hub.downloads().length, 0);
  await page.click(at('own-no'));
  await page.waitForSelector(at('own-load'));
  await page.keyboard.press('Escape');
  await page.waitForSelector(at('own-dialog'), { state: 'hidden' });
  await page.context().close();
});

test('chosen files and dropped files are a model; what they lack is said', SLOW, async () => {
  const page = await opened();
  await page.setInputFiles(at('own-files'), CHOSEN.slice(1).map(fixture));
  assert.match(await page.innerText(at('own-refused')), /no config\.json/);
  await page.setInputFiles(at('own-files'), CHOSEN.map(fixture));
  await page.click(at('own-load'));
  await page.waitForSelector(`${at('model-state')}[data-state="ready"]`);
  await right(page);
  await page.selectOption(at('model-select'), 'minilm');

  const files = CHOSEN.map((name) => [name, hub.content(name).toString('base64')]);
  await page.evaluate((files) => {
    const dataTransfer = new DataTransfer();
    for (const [name, content] of files) {
      dataTransfer.items.add(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], name));
    }
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  }, files);
  await page.click(at('own-load'));
  await page.waitForSelector(`${at('model-state')}[data-state="ready"]`);
  await right(page);
  assert.equal(hub.asked.length, 0);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('an ONNX model and a Marian model are files of a visitor, too', SLOW, async () => {
  const manifest = JSON.parse(await readFile(registered('manifest.json'), 'utf8'));
  const sha256 = (id) => manifest.models.find((model) => model.id === id).files.find(({ role }) => role === 'weights').sha256;
  const page = await opened();
  await page.setInputFiles(at('own-files'), ['config.json', 'tokenizer.json', 'model_q4.onnx'].map((name) => registered(`rampart/${name}`)));
  await page.click(at('own-load'));
  await page.waitForSelector(`${at('model-state')}[data-state="ready"]`);
  await page.fill(at('text'), 'My name is Maria Lopez and I live in Boston.');
  await done(page, 'Boston');
  const labelled = await exported(page);
  assert.deepEqual([labelled.model.sha256, labelled.input.task], [sha256('rampart'), 'label']);
  const label = (word) => labelled.output.labels[labelled.input.tokens.findIndex(({ text }) => text.toLowerCase() === word)].label;
  assert.deepEqual(['maria', 'lopez', 'live', 'boston'].map(label), ['B-GIVEN_NAME', 'B-SURNAME', 'O', 'B-CITY']);

  const { sentences: [sentence] } = JSON.parse(await readFile(new URL('../golden/marian-enpt/translations.json', import.meta.url), 'utf8'));
  await page.click(at('own-model'));
  await page.setInputFiles(at('own-files'), ['tokenizer.json', 'model.enpt.intgemm.alphas.bin'].map((name) => registered(`marian-enpt/${name}`)));
  await page.click(at('own-load'));
  await page.waitForSelector(at('own-dialog'), { state: 'hidden' });
  await page.waitForSelector(`${at('model-state')}[data-state="ready"]`);
  await page.fill(at('text'), sentence.text);
  await done(page, 'sofa');
  const translated = await exported(page);
  assert.deepEqual([translated.model.sha256, translated.input.task], [sha256('marian-enpt'), 'translate']);
  assert.equal(translated.output.text, sentence.native);

  // What is neither is told so, by its name or by its first bytes.
  await page.click(at('own-model'));
  const small = ['config.json', 'tokenizer.json'].map((name) => registered(`rampart/${name}`));
  const pickle = (name) => ({ name, mimeType: '', buffer: Buffer.from('PK\u0003\u0004 and so on') });
  const beside = await Promise.all(small.map(async (path) => ({ name: basename(path), mimeType: '', buffer: await readFile(path) })));
  await page.setInputFiles(at('own-files'), [...beside, pickle('pytorch_model.bin')]);
  assert.match(await page.innerText(at('own-refused')), /only as pytorch_model\.bin, a format that can run code/);
  await page.setInputFiles(at('own-files'), [...beside, pickle('model.bin')]);
  await page.click(at('own-load'));
  await page.waitForSelector(status('error'));
  assert.match(await page.innerText(at('status')), /not a Marian model/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('tasks that no registered model has, with models of a visitor: fill in, and find an answer', SLOW, async () => {
  const heads = JSON.parse(await readFile(new URL('./fixtures/tiny-heads.json', import.meta.url), 'utf8'));
  const weights = fileURLToPath(new URL('./fixtures/tiny-heads/model.safetensors', import.meta.url));
  const declared = JSON.parse(await readFile(fixture('config.json'), 'utf8'));
  const page = await opened();
  const take = async (name) => {
    const config = Buffer.from(JSON.stringify({ ...declared, architectures: [heads[name].class] }));
    const files = { 'config.json': config, 'tokenizer.json': fixture('tokenizer.json'), 'model.safetensors': weights };
    await drop(page, await folder(`tiny ${name}`, files));
    await page.click(at('own-load'));
    await page.waitForSelector(at('own-dialog'), { state: 'hidden' });
    await page.waitForSelector(`${at('model-state')}[data-state="ready"]`);
    assert.equal(await option(page), `tiny ${name}`);
    assert.equal(await page.getAttribute(`${at('task')} [data-task="${name}"]`, 'aria-pressed'), 'true');
  };
  const holds = (document, { text, ids, target }) => {
    assert.deepEqual([document.input.text, document.input.tokens.map(({ id }) => id)], [text, ids]);
    assert.equal(document.model.sha256, heads.weights_sha256);
    assert.ok(Math.abs(document.target.value - target.value) < 1e-4);
    assert.ok(relative(attribution(document, 'grad_x_input'), target.grad_x_input) < 1e-3);
    assert.equal(document.target.position, target.position ?? target.start);
  };

  await take('fill');
  await page.fill(at('text'), heads.fill.text);
  await page.waitForTimeout(600);
  await done(page, 'garden');
  const filled = await exported(page);
  holds(filled, heads.fill);
  assert.deepEqual(filled.output.top.map(({ id }) => id), heads.fill.target.top);
  assert.ok(Math.abs(filled.output.top[0].prob - heads.fill.target.prob) < 1e-4);
  await page.locator(`${at('candidates')} button.bar-row`).nth(1).click();
  await page.waitForTimeout(100);
  await done(page);
  assert.equal((await exported(page)).target.id, heads.fill.target.top[1]);

  await take('answer');
  await page.fill(at('text'), heads.answer.text);
  await page.fill(at('second-text'), heads.answer.second_text);
  await done(page, 'house');
  const answered = await exported(page);
  holds(answered, heads.answer);
  assert.equal(answered.target.end, heads.answer.target.end);
  assert.equal(await page.innerText(`${at('answer-text')} mark`), answered.target.text);
  await page.locator(`${at('candidates')} button.bar-row`).nth(1).click();
  await page.waitForTimeout(100);
  await done(page);
  const { start, end } = answered.output.spans[1];
  const other = await exported(page);
  assert.deepEqual([other.target.position, other.target.end], [start, end]);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a dropped folder is walked to its last file, and what is too much is said', SLOW, async () => {
  const page = await browser.open();
  await overhear(page);
  await page.goto(`${server.url}?device=cpu`);
  await page.waitForSelector(`${at('model-select')} option[value="minilm"]`, { state: 'attached' });

  // More than a browser lists at a time, in the folder and below it; what is hidden is left out.
  const notes = Array.from({ length: 260 }, (_, number) => [`${number % 2 ? 'old/run' : '.'}/note-${number}.txt`, Buffer.from('x')]);
  const model = await folder('my rampart', {
    'config.json': registered('rampart/config.json'),
    'tokenizer.json': registered('rampart/tokenizer.json'),
    'onnx/model_quantized.onnx': registered('rampart/model_q4.onnx'),
    '.git/objects/ab/cd': Buffer.from('x'),
    '.gitattributes': Buffer.from('x'),
    ...Object.fromEntries(notes),
  });
  await drop(page, model);
  await page.waitForSelector(at('own-load'));
  assert.equal(await page.innerText(at('own-name')), 'my rampart');
  const list = await page.innerText(at('own-list'));
  assert.ok(['config.json', 'tokenizer.json', 'onnx/model_quantized.onnx'].every((name) => list.includes(name)), list);
  const names = ['config.json', 'tokenizer.json', 'onnx/model_quantized.onnx', ...notes.map(([path]) => path.replace('./', ''))];
  assert.deepEqual(await offered(page), names.map((name) => `my rampart/${name}`).sort());
  await page.click(at('own-load'));
  await page.waitForSelector(`${at('model-state')}[data-state="ready"]`);
  await page.fill(at('text'), 'My name is Maria Lopez and I live in Boston.');
  await done(page, 'Boston');
  const { output, input } = await exported(page);
  assert.equal(output.labels[input.tokens.findIndex(({ text }) => text.toLowerCase() === 'maria')].label, 'B-GIVEN_NAME');

  // Files alone are taken as they are, and a folder beside them is walked.
  await drop(page, ...CHOSEN.map(fixture));
  await page.waitForFunction((list) => document.querySelector(list)?.innerText.includes('model.safetensors'), at('own-list'));
  assert.deepEqual((await offered(page)).sort(), CHOSEN.toSorted());
  await drop(page, model, fixture('config.json'));
  await page.waitForSelector(at('own-refused'));
  assert.ok((await offered(page)).includes('config.json') && (await offered(page)).includes('my rampart/config.json'));

  // Between the dialog's closing and the browser's saying so, nothing that is dropped is lost.
  await page.evaluate((dialog) => {
    document.querySelector(dialog).close();
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['x'], 'notes.txt'));
    window.dispatchEvent(new DragEvent('drop', { dataTransfer, cancelable: true }));
  }, at('own-dialog'));
  await page.waitForFunction(() => globalThis.posted.some((message) => Object.values(message)[0].source?.names?.[0] === 'notes.txt'));
  await page.waitForTimeout(300);
  assert.ok(await page.isVisible(at('own-refused')));

  const refused = async (path) => {
    await page.keyboard.press('Escape');
    await page.waitForSelector(at('own-dialog'), { state: 'hidden' });
    await drop(page, path);
    await page.waitForSelector(at('own-refused'));
    return page.innerText(at('own-refused'));
  };
  await mkdir(join(folders, 'empty'));
  assert.match(await refused(join(folders, 'empty')), /has no weights/);
  assert.match(await refused(await folder('deep', { [`${'in/'.repeat(9)}config.json`]: Buffer.from('x') })), /more than 8 folders/);
  const many = Object.fromEntries(Array.from({ length: 4097 }, (_, number) => [`${number}.txt`, Buffer.from('x')]));
  assert.match(await refused(await folder('many', many)), /more than 4096 files/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
