// What the page does when a download goes wrong, and when there is no room to keep it.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { launch } from './browser.mjs';
import { relative } from './numbers.mjs';
import { at, attribution, done, exported, golden, SLOW, status, WEIGHTS } from './page.mjs';
import { serve } from './server.mjs';

let server;
let browser;

before(async () => {
  server = await serve();
  browser = await launch();
});

afterEach(() => {
  server.heal();
  server.resetCounts();
});

after(async () => {
  await browser?.close();
  await server?.close();
});

/** Waits until the weights were asked for that often, and says when. */
async function asked(times) {
  while (server.requests(WEIGHTS) < times) await sleep(10);
  return performance.now();
}

/** Opens the page with its engine started, and gives back both. */
async function started() {
  const page = await browser.open(`${server.url}?device=cpu`);
  await page.waitForSelector(`${at('device')}[data-kind="cpu"]`, { timeout: 60_000 });
  return { page, worker: page.workers()[0] };
}

/** Leaves the worker's storage that much room: the write that passes it is cut short, and every one after it fails. */
const leaveRoom = (worker, bytes) =>
  worker.evaluate((bytes) => {
    const { write } = FileSystemSyncAccessHandle.prototype;
    let room = bytes;
    FileSystemSyncAccessHandle.prototype.write = function (buffer, options) {
      if (room === 0) throw new DOMException('There is no room.', 'QuotaExceededError');
      const written = write.call(this, buffer.subarray(0, room), options);
      room -= written;
      return written;
    };
  }, bytes);

/** The names of the files in the worker's storage. */
const stored = (worker) =>
  worker.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle('models');
    const names = [];
    for await (const name of folder.keys()) names.push(name);
    return names;
  });

test('a download that fails is taken up again, and one that keeps failing offers a retry', SLOW, async () => {
  const page = await browser.open(`${server.url}?device=cpu`);
  server.cut('models/minilm/model.safetensors', { times: 1, bytes: 5_000_000 });
  await page.selectOption(at('model-select'), 'minilm');
  await page.click(at('load'));
  await page.waitForSelector(`${at('model-state')}[data-state="ready"]`, { timeout: 120_000 });
  assert.equal(server.requests('models/minilm/model.safetensors'), 2);

  server.fail(WEIGHTS, { times: 3 });
  await page.selectOption(at('model-select'), 'smollm2');
  await page.click(at('load'));
  await page.waitForSelector(status('error'), { timeout: 60_000 });
  assert.match(await page.innerText(at('status')), /could not be downloaded/);
  await page.click(at('retry'));
  await page.waitForSelector(`${at('model-state')}[data-state="ready"]`, { timeout: 120_000 });
  await page.context().close();
});

test('a download can be cancelled', SLOW, async () => {
  const page = await browser.open(`${server.url}?device=cpu`);
  server.throttle(WEIGHTS, 2_000_000);
  await page.click(at('load'));
  await page.waitForSelector(status('loading'), { timeout: 60_000 });
  await page.waitForFunction(
    () => /\d+(\.\d+)? (of|MB)/.test(document.querySelector('[data-testid="status"]').innerText),
    undefined,
    { timeout: 60_000 },
  );
  await page.click(at('cancel'));
  await page.waitForSelector(status('idle'), { timeout: 10_000 });
  // The engine goes on: what was cancelled can be had after all.
  await sleep(500);
  assert.equal(await page.getAttribute(at('status'), 'data-state'), 'idle');
  server.heal();
  await page.click(at('load'));
  await page.waitForSelector(`${at('model-state')}[data-state="ready"]`, { timeout: 120_000 });
  assert.equal(server.requests(WEIGHTS), 2);
  await page.context().close();
});

test('a pause comes before another attempt, and can be cancelled', SLOW, async () => {
  const { page } = await started();
  server.fail(WEIGHTS, { times: 9 });
  await page.click(at('load'));
  const first = await asked(1);
  const second = await asked(2);
  assert.ok(second - first > 450, `asked again after ${second - first} ms`);
  // The next pause is a second and a half; leaving the state is the worker's answer.
  await page.click(at('cancel'));
  await page.waitForSelector(status('loading'), { state: 'detached', timeout: 10_000 });
  const gone = performance.now() - second;
  assert.ok(gone < 1000, `cancelled after ${gone} ms`);
  assert.equal(await page.getAttribute(at('status'), 'data-state'), 'idle');
  await sleep(2000);
  assert.equal(server.requests(WEIGHTS), 2, 'nothing is asked for after a cancellation');
  assert.equal(await page.getAttribute(at('status'), 'data-state'), 'idle');
  await page.context().close();
});

test('a full storage: the model loads all the same, and is downloaded again the next time', SLOW, async () => {
  const { page, worker } = await started();
  await leaveRoom(worker, 20_000_001);
  const expected = await golden('smollm2', 'plain');
  await page.fill(at('text'), expected.text);
  await done(page);
  assert.equal(server.requests(WEIGHTS), 1, 'nothing is fetched twice');
  const first = await exported(page);
  assert.ok(relative(attribution(first, 'grad_x_input'), expected.float64.reads.logit.grad_x_input) < 1e-3);
  assert.deepEqual(await stored(worker), [], 'what did not fit takes no room');
  assert.equal(await page.evaluate(() => localStorage.getItem('headlight.kept.smollm2')), null);

  server.resetCounts();
  await page.reload();
  // It has to be fetched again, which is asked for.
  await page.click(at('opened-run'));
  await done(page);
  assert.equal(server.requests(WEIGHTS), 1, 'it was not kept');
  assert.deepEqual((await exported(page)).attributions, first.attributions);

  server.resetCounts();
  await page.reload();
  await done(page);
  assert.equal(server.requests(WEIGHTS), 0, 'with room again, it was');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('no room anywhere is told in a sentence, and nothing is fetched again unasked', SLOW, async () => {
  const { page, worker } = await started();
  await leaveRoom(worker, 20_000_001);
  await worker.evaluate(() => {
    const { read } = FileSystemSyncAccessHandle.prototype;
    globalThis.mend = () => { FileSystemSyncAccessHandle.prototype.read = read; };
    FileSystemSyncAccessHandle.prototype.read = () => { throw new DOMException('It is gone.', 'InvalidStateError'); };
  });
  await page.click(at('load'));
  await page.waitForSelector(status('error'), { timeout: 60_000 });
  assert.match(await page.innerText(at('status')), /room for model\.gguf neither/);
  await sleep(2500);
  assert.equal(server.requests(WEIGHTS), 1);
  assert.deepEqual(await stored(worker), []);
  await worker.evaluate(() => globalThis.mend());
  await page.click(at('retry'));
  await page.waitForSelector(`${at('model-state')}[data-state="ready"]`, { timeout: 120_000 });
  assert.equal(server.requests(WEIGHTS), 2);
  await page.context().close();
});

test('files that are not the right ones are refused', SLOW, async () => {
  const page = await browser.open();
  await page.route('**/models/minilm/config.json', async (route) => {
    const response = await route.fetch();
    const text = await response.text();
    await route.fulfill({ response, body: text.replace('384', '385') });
  });
  await page.goto(`${server.url}?device=cpu`);
  await page.selectOption(at('model-select'), 'minilm');
  await page.click(at('load'));
  await page.waitForSelector(status('error'), { timeout: 120_000 });
  assert.match(await page.innerText(at('status')), /not the file/);
  await page.context().close();
});
