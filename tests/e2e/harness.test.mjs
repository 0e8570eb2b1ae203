// The harness itself: a test that uses it must be able to trust it.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { launch } from './browser.mjs';
import { serve } from './server.mjs';

let root;
let server;

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'headlight-harness-'));
  await writeFile(join(root, 'index.html'), '<!doctype html><title>harness</title><script>console.error("seen")</script>');
  await writeFile(join(root, 'weights.bin'), Buffer.alloc(200_000, 7));
  server = await serve({ root });
});

after(async () => {
  await server?.close();
  if (root) await rm(root, { recursive: true });
});

test('the server serves under its sub-path only, and counts', async () => {
  const page = await fetch(server.url);
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type'), /^text\/html/);
  await page.text();
  assert.equal((await fetch(new URL('/index.html', server.url))).status, 404);
  assert.equal((await fetch(`${server.url}%2e%2e/secret`)).status, 404);
  assert.equal(server.requests('index.html'), 1);
  server.resetCounts();
  assert.equal(server.requests(/./), 0);
});

test('the server fails, breaks off and recovers as it is told', async () => {
  const url = `${server.url}weights.bin`;
  server.fail('weights.bin', { times: 2 });
  assert.deepEqual([(await fetch(url)).status, (await fetch(url)).status, (await fetch(url)).status], [503, 503, 200]);

  server.cut(/weights/, { bytes: 50_000 });
  await assert.rejects(async () => (await fetch(url)).arrayBuffer());
  assert.equal((await (await fetch(url)).arrayBuffer()).byteLength, 200_000);

  server.throttle('weights.bin', 400_000);
  const start = performance.now();
  assert.equal((await (await fetch(url)).arrayBuffer()).byteLength, 200_000);
  assert.ok(performance.now() - start > 300, 'a throttled answer takes its time');
  server.heal();
});

for (const webgpu of [false, true]) {
  test(`a browser ${webgpu ? 'with' : 'without'} WebGPU starts, and its complaints are collected`, async () => {
    const browser = await launch({ webgpu });
    try {
      const page = await browser.open(server.url);
      const adapter = await page.evaluate(async () => {
        const adapter = await navigator.gpu?.requestAdapter();
        return adapter ? [...adapter.features] : null;
      });
      if (webgpu) assert.ok(adapter?.includes('timestamp-query'), `the adapter has ${adapter}`);
      else assert.equal(adapter, null);
      assert.ok(page.complaints.some(({ kind, text }) => kind === 'console' && text === 'seen'));
    } finally {
      await browser.close();
    }
  });
}
