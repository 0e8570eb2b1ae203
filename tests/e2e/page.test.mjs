// What a visitor does: sees a finished explanation at once, types, clicks, exports, reloads, shares; and what the page
// does when things go wrong. Numbers are read back from the exported document and held against PyTorch's.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';

import { launch } from './browser.mjs';
import { greatest, relative } from './numbers.mjs';
import { at, attribution, done, exported, golden, SLOW, status, WEIGHTS } from './page.mjs';
import { browser, server } from './site.mjs';

afterEach(() => {
  server.heal();
  server.resetCounts();
});

test('a finished explanation is painted within a second, before any model', async () => {
  const open = async () => {
    const page = await browser.open();
    await page.addInitScript(() => {
      const look = () => {
        if (document.querySelectorAll('[data-testid="tokens"] [data-value]').length > 0) {
          requestAnimationFrame(() => { window.painted = performance.now(); });
        } else {
          requestAnimationFrame(look);
        }
      };
      requestAnimationFrame(look);
    });
    await page.goto(server.url);
    await page.waitForFunction(() => window.painted);
    return { page, painted: await page.evaluate('window.painted') };
  };
  // Fresh profiles, the best of five: what is measured is the page, not what else the machine does just then.
  const tries = [];
  for (let count = 0; count < 5; count += 1) tries.push(await open());
  const { page, painted } = tries.reduce((best, next) => (next.painted < best.painted ? next : best));
  console.log(`the precomputed explanation was painted after ${painted.toFixed(0)} ms`);
  assert.ok(painted < 1000, `painted after ${painted} ms`);
  assert.match(await page.innerText(at('banner-precomputed')), /[Pp]recomputed/);
  const document = await exported(page);
  const stored = await golden('smollm2', 'plain');
  assert.equal(document.schema, 'headlight/explanation@1');
  assert.equal(document.model.sha256, stored.weights_sha256);
  assert.ok(greatest(document.attention[0].values, stored.attention.values) < 1e-4);
  assert.equal(server.requests(WEIGHTS), 0);
  assert.deepEqual(page.complaints, []);
});

test('SmolLM2 on the CPU: type, export, choose another token, reload, follow a link', SLOW, async () => {
  const page = await browser.open(`${server.url}?device=cpu`);
  const stored = await golden('smollm2', 'punctuation');
  await page.fill(at('text'), stored.text);
  await done(page);

  let document = await exported(page);
  assert.equal(document.input.text, stored.text);
  assert.equal(document.model.device, 'cpu');
  assert.deepEqual(document.input.tokens.map(({ id }) => id), stored.ids);
  assert.deepEqual(document.output.top.map(({ id }) => id), stored.top.map(({ id }) => id));
  for (const [index, { prob }] of document.output.top.entries()) {
    assert.ok(Math.abs(Math.log(prob) - stored.top[index].log_prob) < 1e-3);
  }
  assert.ok(greatest(document.attention[0].values, stored.attention.values) < 1e-4);
  const logit = stored.float64.reads.logit;
  assert.ok(relative(attribution(document, 'grad_x_input'), logit.grad_x_input) < 1e-3);

  // Another method, another reading.
  await page.selectOption(at('method'), 'saliency');
  await page.selectOption(at('read'), 'log_prob');
  await page.waitForTimeout(100);
  await done(page);
  document = await exported(page);
  assert.equal(document.target.read, 'log_prob');
  assert.ok(relative(attribution(document, 'saliency'), stored.float64.reads.log_prob.saliency) < 1e-3);

  // Another candidate.
  const second = stored.top[1];
  await page.locator(`${at('candidates')} button.bar-row`).nth(1).click();
  await page.waitForTimeout(100);
  await done(page);
  document = await exported(page);
  assert.equal(document.target.id, second.id);
  assert.ok(Math.abs(document.target.value - second.log_prob) < 1e-3);

  // A reload finds text, target and model again, and downloads nothing.
  assert.equal(server.requests(WEIGHTS), 1);
  server.resetCounts();
  await page.reload();
  await done(page);
  assert.equal(await page.inputValue(at('text')), stored.text);
  const again = await exported(page);
  assert.equal(again.target.id, second.id);
  assert.deepEqual(again.attributions, document.attributions);
  assert.equal(server.requests(WEIGHTS), 0, 'the model came from the cache');

  // The link alone says everything.
  const link = page.url();
  assert.match(link, /#1\./);
  const other = await browser.open(undefined, { context: page.context() });
  await other.goto(link);
  await done(other);
  const followed = await exported(other);
  assert.deepEqual(followed.attributions, document.attributions);
  assert.deepEqual(followed.target, document.target);
  assert.deepEqual(page.complaints, []);
  assert.deepEqual(other.complaints, []);
  await page.context().close();
});

test('a computation can be cancelled half-way, forward and backward, and the next one is right', SLOW, async () => {
  const page = await browser.open(`${server.url}?device=cpu`);
  await page.waitForSelector(`${at('device')}[data-kind="cpu"]`, { timeout: 60_000 });
  // The page looks away at once; that the engine stops too is seen in what it says.
  const worker = page.workers()[0];
  await worker.evaluate(() => {
    const post = globalThis.postMessage;
    globalThis.said = [];
    globalThis.postMessage = (message, ...rest) => {
      globalThis.said.push(...Object.keys(JSON.parse(message.json)));
      post.call(globalThis, message, ...rest);
    };
  });
  const said = () => worker.evaluate(() => globalThis.said.filter((type) => type !== 'progress'));
  const long = Array(25).fill('the cat sat on the mat and saw the dog').join(' ');
  let cancelled = 0;
  for (const [stage, text] of [['Reading your text: layer', long], ['Tracing the answer back: layer', `${long} run`]]) {
    await page.fill(at('text'), text);
    await page.waitForFunction(
      ([selector, stage]) => document.querySelector(selector).innerText.includes(stage),
      [at('status'), stage],
      { timeout: 120_000, polling: 20 },
    );
    const began = performance.now();
    await page.click(at('cancel'));
    cancelled += 1;
    await page.waitForSelector(`${status('idle')}, ${status('ready')}, ${status('done')}`, { timeout: 2000 });
    const expected = ['loaded', ...Array(cancelled).fill('cancelled')];
    while ((await said()).length < expected.length && performance.now() - began < 2000) await page.waitForTimeout(20);
    console.log(`"${stage}…" was cancelled after ${(performance.now() - began).toFixed(0)} ms`);
    assert.deepEqual(await said(), expected);
    assert.equal(await page.inputValue(at('text')), text);
    assert.equal(await page.locator(status('error')).count(), 0);
  }

  const stored = await golden('smollm2', 'plain');
  await page.fill(at('text'), stored.text);
  await done(page);
  assert.deepEqual(await said(), ['loaded', 'cancelled', 'cancelled', 'explained']);
  const document = await exported(page);
  assert.deepEqual(document.input.tokens.map(({ id }) => id), stored.ids);
  assert.ok(greatest(document.attention[0].values, stored.attention.values) < 1e-4);
  assert.ok(relative(attribution(document, 'grad_x_input'), stored.float64.reads.logit.grad_x_input) < 1e-3);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('MiniLM on the CPU: two texts are compared as PyTorch does', SLOW, async () => {
  const page = await browser.open(`${server.url}?device=cpu`);
  const stored = await golden('minilm', 'plain');
  await page.selectOption(at('model-select'), 'minilm');
  await page.fill(at('text'), stored.text);
  await page.fill(at('second-text'), stored.second_text);
  await done(page);
  const document = await exported(page);
  assert.equal(document.input.second_text, stored.second_text);
  assert.deepEqual(document.input.tokens.map(({ id }) => id), stored.ids);
  assert.ok(Math.abs(document.target.value - stored.target.value) < 1e-3);
  assert.ok(relative(attribution(document, 'grad_x_input'), stored.target.grad_x_input) < 1e-3);
  assert.ok(greatest(document.attention[0].values, stored.attention.values) < 1e-4);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('the grid and a head are read with the keyboard', async () => {
  const page = await browser.open(server.url);
  const document = await exported(page);
  await page.focus(at('grid-canvas'));
  await page.keyboard.press('ArrowRight');
  assert.match(await page.innerText(at('grid-readout')), /\d/);
  await page.keyboard.press('Enter');
  // Three query heads of SmolLM2 share a key head.
  const head = Number(await page.getAttribute(at('head-canvas'), 'data-head'));
  const keys = new RegExp(`^Query head ${head} reads key and value head ${Math.floor(head / 3)} of 3, which it shares with heads \\d and \\d\\.$`);
  assert.match(await page.innerText(at('key-head')), keys);
  await page.focus(at('head-canvas'));
  for (let press = 0; press < 3; press += 1) await page.keyboard.press('ArrowDown');
  const readout = await page.innerText(at('readout'));
  const shown = [...readout.matchAll(/\d+(?:\.\d+)?/g)].map(Number);
  const known = document.attention[0].values.map((value) => Number(value.toFixed(3)));
  assert.ok(shown.some((number) => known.includes(number)), `"${readout}" shows a weight`);
  await page.keyboard.press('Escape');
  assert.equal(await page.locator(at('head-canvas')).count(), 0);
  await page.context().close();
});

test('a hostile link is refused in a sentence, and runs nothing', async () => {
  const hostile = [
    '1.%3Cscript%3Ealert(1)%3C/script%3E',
    `1.${'A'.repeat(40_000)}`,
    '9.AAAA',
    '<img src=x onerror=alert(1)>',
    '1.q1YqzsgvV7JSKi5JLElVqgUA',
  ];
  for (const fragment of hostile) {
    const page = await browser.open();
    let alerted = false;
    page.on('dialog', (dialog) => { alerted = true; dialog.dismiss(); });
    await page.goto(`${server.url}#${fragment}`);
    await page.waitForSelector(at('notice'));
    assert.match(await page.innerText(at('notice')), /link/i);
    await page.waitForSelector(`${at('tokens')} [data-value]`);
    assert.equal(alerted, false);
    assert.equal(await page.locator('img[src="x"]').count(), 0);
    assert.deepEqual(page.complaints.filter(({ kind }) => kind === 'exception'), []);
    assert.equal(server.requests(WEIGHTS), 0);
    await page.context().close();
  }
});

test('odd texts get an answer or a sentence', SLOW, async () => {
  const page = await browser.open(`${server.url}?device=cpu`);
  const stored = await golden('smollm2', 'emoji');
  await page.fill(at('text'), stored.text);
  await done(page);
  assert.deepEqual((await exported(page)).input.tokens.map(({ id }) => id), stored.ids);
  await page.fill(at('text'), '');
  await page.waitForFunction((hint) => document.querySelector(hint)?.innerText.length > 0, at('hint'));
  await page.fill(at('text'), 'word '.repeat(6000));
  await page.waitForSelector(status('error'), { timeout: 60_000 });
  assert.match(await page.innerText(at('status')), /tokens|bytes/);
  const markup = '<script>alert(1)</script>';
  await page.fill(at('text'), markup);
  await page.waitForTimeout(700);
  await done(page);
  assert.equal((await exported(page)).input.text, markup);
  assert.deepEqual(page.complaints.filter(({ kind }) => kind === 'exception'), []);
  await page.context().close();
});

test('a lost device is told in a sentence, and the page starts again', SLOW, async () => {
  const withGpu = await launch({ webgpu: true });
  try {
    const page = await withGpu.open(`${server.url}?device=webgpu`);
    const worker = page.workers()[0] ?? (await page.waitForEvent('worker'));
    await page.waitForSelector(`${at('device')}[data-kind="webgpu"]`, { timeout: 120_000 });
    await worker.evaluate(() => globalThis.headlightDevice.destroy());
    await page.waitForSelector(status('error'), { timeout: 30_000 });
    assert.match(await page.innerText(at('status')), /device was lost/);
    await page.click(at('retry-cpu'));
    await page.waitForSelector(`${at('device')}[data-kind="cpu"]`, { timeout: 60_000 });
  } finally {
    await withGpu.close();
  }
});

test('an engine that stops is told in a sentence, and starts again', SLOW, async () => {
  const page = await browser.open(`${server.url}?device=cpu`);
  await page.waitForSelector(`${at('device')}[data-kind="cpu"]`, { timeout: 60_000 });
  for (const stop of [() => setTimeout(() => { throw new Error('unreachable'); }), () => { Promise.reject(new Error('unreachable')); }]) {
    await page.workers()[0].evaluate(stop);
    await page.waitForSelector(status('error'), { timeout: 10_000 });
    assert.match(await page.innerText(at('status')), /stopped/);
    await page.click(at('retry'));
    await page.waitForSelector(`${at('device')}[data-kind="cpu"]`, { timeout: 60_000 });
    await page.waitForSelector(status('error'), { state: 'detached', timeout: 60_000 });
  }
  await page.context().close();
});

test('the bar on top is one line on a desk, and fits a phone', SLOW, async () => {
  const page = await browser.open(server.url);
  await page.waitForSelector(`${at('model-select')} option[value="sentiment"]`, { state: 'attached' });
  // It has the longest licence, and CPU in place of WebGPU the longest device.
  await page.selectOption(at('model-select'), 'sentiment');
  const measure = async (width) => {
    await page.setViewportSize({ width, height: 900 });
    return page.evaluate(() => {
      const parts = '.topbar > *, .topbar .models > *, .topbar .model-facts > *, .topbar .actions > *';
      const shown = [...document.querySelectorAll(parts)].filter((one) => one.offsetWidth > 0);
      const boxes = shown.map((one) => one.getBoundingClientRect());
      return {
        // Every part crosses the middle of the bar, and none lies on another.
        lines: Math.max(...boxes.map(({ top }) => top)) < Math.min(...boxes.map(({ bottom }) => bottom)) ? 1 : 2,
        overlap: boxes.some((a, one) => boxes.some((b, other) => {
          const isInside = shown[one].contains(shown[other]) || shown[other].contains(shown[one]);
          return !isInside && a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 0.5 && b.top < a.bottom - 0.5;
        })),
        scroll: document.querySelector('.topbar').scrollWidth,
        client: document.querySelector('.topbar').clientWidth,
      };
    });
  };
  const check = async (state) => {
    for (const width of [1440, 1280, 1100]) {
      const { lines, overlap, scroll, client } = await measure(width);
      assert.deepEqual([lines, overlap, scroll <= client], [1, false, true], `${state}, ${width} pixels`);
    }
    const { overlap, scroll, client } = await measure(360);
    assert.deepEqual([overlap, scroll <= client], [false, true], `${state}, 360 pixels`);
  };
  await check('not loaded');
  await page.click(at('load'));
  await page.waitForSelector(`${at('model-state')}[data-state="ready"]`, { timeout: 120_000 });
  assert.match(await page.innerText(at('device')), /no WebGPU|no graphics adapter/);
  await check('ready');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('without WebGPU the page computes on the CPU and says why', async () => {
  const page = await browser.open(server.url);
  await page.click(at('load'));
  await page.waitForSelector(`${at('device')}[data-kind="cpu"]`, { timeout: 60_000 });
  assert.match(await page.innerText('body'), /no WebGPU|no graphics adapter/);
  await page.context().close();
});
