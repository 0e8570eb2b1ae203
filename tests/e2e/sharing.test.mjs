// Sharing between two pages that have nothing in common but an address or a file: links that run again and say beforehand what they
// show and cost, explanations that are frozen into a link or a file, and frames in other people's pages. The engine is a script.

import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';

import { at, done, exported } from './page.mjs';
import { attention, document, entry, script, split } from './scripted.mjs';
import { serve } from './server.mjs';
import { browser, server } from './site.mjs';

const LIMIT = { timeout: 120_000 };
const TEXT = 'The lamp was cold and the <b>beam</b> "fell" 好 🙂';

const models = [
  entry('scribe', 'Scribe', 'llama', ['continue'], [['continue', 'Once upon a time']]),
  entry('clerk', 'Clerk', 'bert', ['classify'], [['classify', 'A warm film.']]),
];

const words = [' Paris', ' the', ' a'];
function explain(request) {
  const tokens = split(request.text, { first: '', last: '' });
  const asked = request.target.match(/#(\d+)/);
  const chosen = asked ? Number(asked[1]) : 7;
  return document(request, request.model === 'scribe' ? 'Scribe' : 'Clerk', {
    tokens,
    output: { top: words.map((text, at) => ({ id: 7 + at, text, logit: 3 - at, prob: 0.6 / (at + 1) })) },
    target: {
      kind: 'next_token', position: tokens.length - 1, id: chosen, text: words[chosen - 7],
      ...(request.foil ? { foil: { id: request.foil.id, text: words[request.foil.id - 7] } } : {}),
    },
    maps: [attention('self', 3, 4, tokens.length, tokens.length, (layer, head, row) => Math.max(0, row - head))],
  });
}

/** Opens an address in a browser of its own, with a script for an engine, and counts the engines that are started. */
async function visit(address, { list = models, answer = explain, ...options } = {}) {
  const page = await browser.open(undefined, options);
  const asked = await script(page, list, answer);
  await page.addInitScript(() => {
    const Scripted = globalThis.Worker;
    globalThis.engines = 0;
    globalThis.Worker = class extends Scripted {
      constructor(...all) {
        super(...all);
        globalThis.engines += 1;
      }
    };
  });
  const fetched = [];
  page.on('request', (request) => fetched.push(request.url()));
  await page.goto(address);
  return Object.assign(page, { asked, fetched, engines: () => page.evaluate(() => globalThis.engines) });
}

/** What must not have happened for a page to have opened without an engine. */
async function withoutEngine(page) {
  assert.equal(await page.engines(), 0, 'no worker was started');
  const fetched = page.fetched.filter((url) => /\/worker\/|\/models\/(?!manifest)/.test(url));
  assert.deepEqual(fetched, [], 'neither engine nor model was fetched');
}

/** A page whose text the script has explained, with many things chosen. */
async function sharing() {
  const page = await visit(server.url);
  await page.waitForSelector(`${at('model-select')} option[value="scribe"]`, { state: 'attached' });
  await page.selectOption(at('model-select'), 'scribe');
  await page.fill(at('text'), TEXT);
  await page.waitForTimeout(500);
  await done(page);
  await page.locator(`${at('candidates')} button.bar-row`).nth(1).click();
  await page.waitForTimeout(100);
  await done(page);
  await page.click(`${at('candidates')} button.versus[data-versus="7"]`);
  await page.selectOption(at('read'), 'prob');
  await page.waitForTimeout(100);
  await done(page);
  await page.selectOption(at('method'), 'saliency');
  await page.uncheck(at('tick-integrated_gradients'));
  await page.check(at('measure-tau_loo'));
  await page.focus(at('grid-canvas'));
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.waitForSelector(at('head-canvas'));
  await page.click(at('picture-lines'));
  await page.waitForTimeout(400);
  return page;
}

/** The addresses that the dialog offers. */
async function offered(page) {
  await page.click(at('share'));
  const address = (name) => page.getAttribute(at(`copy-${name}`), 'data-address');
  return { live: await address('live'), frozen: await address('frozen'), code: await page.inputValue(at('embed-code')) };
}

const values = (page) => page.$$eval(`${at('tokens')} [data-value]`, (all) => all.map((one) => Number(one.dataset.value)));
const state = (page) => page.evaluate(() => ({
  text: document.querySelector('[data-testid="text"]').value,
  selects: [...document.querySelectorAll('select')].map((one) => [one.dataset.testid, one.value]),
  ticks: [...document.querySelectorAll('input[type=checkbox]')].map((one) => [one.dataset.testid, one.checked]),
  pressed: [...document.querySelectorAll('main [aria-pressed]')].filter((one) => !one.closest('.history-panel'))
    .map((one) => [one.dataset.testid ?? one.className, one.ariaPressed]),
  head: document.querySelector('.head-view h3')?.textContent,
  target: document.querySelector('[data-testid="target"]').textContent,
}));

test('a link says what it shows and costs, asks, and then is the same page', LIMIT, async () => {
  const page = await sharing();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const { live } = await offered(page);
  await page.waitForFunction((copied) => document.querySelector(copied).textContent === 'Link copied', at('copied-live'));
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), live);
  await page.click(at('share-close'));

  const other = await visit(live);
  await other.waitForSelector(at('opened-run'));
  const said = await other.innerText(at('opened-summary'));
  assert.match(said, /Scribe continues “The lamp was cold and the <b>beam<\/b> "fell" 好 🙂”: why .* rather than token 7, by Saliency/);
  assert.match(said, /head \d\.\d open/);
  const cost = await other.innerText(at('opened-cost'));
  assert.match(cost, /Scribe is not in this browser yet/);
  assert.match(cost, /17 MB/);
  assert.ok(cost.includes(new URL(server.url).host), cost);
  await withoutEngine(other);
  // Whatever is changed meanwhile, nothing runs before the yes.
  await other.selectOption(at('read'), 'logit');
  await other.selectOption(at('read'), 'prob');
  await other.waitForTimeout(600);
  await withoutEngine(other);

  await other.click(at('opened-run'));
  await done(other);
  assert.deepEqual(other.asked.at(-1), page.asked.at(-1));
  assert.equal(await other.locator(at('opened')).count(), 0, 'what was asked is answered');
  await other.waitForSelector(at('tick-saliency'));
  await page.waitForTimeout(300);
  await other.waitForTimeout(300);
  assert.deepEqual(await state(other), await state(page));
  assert.deepEqual(await values(other), await values(page));
  const [ours, theirs] = [await exported(other), await exported(page)];
  assert.deepEqual(ours.attributions, theirs.attributions);
  assert.deepEqual([...page.complaints, ...other.complaints], []);

  // The model is here now: the link runs at once.
  const again = await browser.open(undefined, { context: other.context() });
  const asked = await script(again, models, explain);
  await again.goto(live);
  await done(again);
  assert.equal(asked.length, 1);
});

test('other weights are told before the numbers and beside them', LIMIT, async () => {
  const page = await sharing();
  const { live } = await offered(page);
  const list = models.map((model) => ({ ...model, files: [{ ...model.files[0], sha256: 'other' }] }));
  const answer = (request) => {
    const other = explain(request);
    other.model.sha256 = 'other';
    return other;
  };
  const other = await visit(live, { list, answer });
  await other.waitForSelector(at('differs'));
  assert.match(await other.innerText(at('differs')), /other weights of Scribe/);
  await withoutEngine(other);
  await other.click(at('opened-run'));
  await done(other);
  assert.ok(await other.isVisible(at('differs')), 'it stays as long as the numbers do');
  await other.selectOption(at('model-select'), 'clerk');
  await other.waitForSelector(at('differs'), { state: 'detached' });

  // Where they are in the browser already nothing has to be fetched, and it is told before the numbers all the same.
  const again = await browser.open(undefined, { context: other.context() });
  const asked = await script(again, list, answer);
  await again.goto(live);
  await again.waitForSelector(at('differs'));
  assert.match(await again.innerText(at('opened-cost')), /is in this browser already/);
  await again.waitForTimeout(500);
  assert.equal(asked.length, 0);
  await again.click(at('opened-run'));
  await done(again);
  assert.ok(await again.isVisible(at('differs')));
  await other.context().close();
});

test('a link to a model that nobody offers says so and fetches nothing', LIMIT, async () => {
  const page = await sharing();
  const { live } = await offered(page);
  const other = await visit(live, { list: models.slice(1) });
  await other.waitForSelector(at('notice'));
  assert.match(await other.innerText(at('notice')), /scribe is not offered here/);
  await withoutEngine(other);
});

test('a frozen link opens with no engine and says whose numbers it has', LIMIT, async () => {
  const page = await sharing();
  const before = await values(page);
  const { frozen } = await offered(page);
  assert.match(frozen, /#f1\./);
  console.log(`a frozen link to ${before.length} tokens and 12 heads: ${frozen.length} characters`);

  const phone = { viewport: { width: 360, height: 780 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
  const other = await visit('about:blank', phone);
  const began = performance.now();
  await other.goto(frozen);
  await other.waitForSelector(at('frozen'));
  console.log(`shown after ${(performance.now() - began).toFixed(0)} ms`);
  const said = await other.innerText(at('frozen'));
  assert.match(said, /^Frozen\. Scribe computed these numbers earlier, on the CPU; nothing was computed here\. Weights scribe\./);
  assert.match(said, /three significant digits/);
  const after = await values(other);
  assert.equal(after.length, before.length);
  before.forEach((value, token) => assert.ok(Math.abs(after[token] - value) <= 0.005 * Math.abs(value), `${token}`));
  assert.equal(await other.inputValue(at('text')), TEXT);
  assert.equal(await other.inputValue(at('method')), 'saliency');
  assert.equal(await other.locator(at('banner-precomputed')).count(), 0);
  // What it has can be looked at; what it lacks is not asked for.
  await other.selectOption(at('method'), 'grad_x_input');
  assert.notDeepEqual(await values(other), after);
  await other.click(at('picture-map'));
  await other.waitForSelector(at('head-canvas'));
  await other.locator(`${at('candidates')} button.bar-row`).nth(2).click();
  assert.equal(await other.evaluate(() => document.activeElement.id), 'opened-run', 'the way on is shown');
  await other.waitForTimeout(700);
  await withoutEngine(other);
  assert.equal(new URL(other.url()).hash, new URL(frozen).hash, 'the address stays the frozen one');

  await other.reload();
  await other.waitForSelector(at('frozen'));
  await withoutEngine(other);
  // Running it makes it an explanation like any other.
  await other.click(at('opened-run'));
  await done(other);
  assert.equal(await other.locator(at('opened')).count(), 0);
  assert.deepEqual(await values(other), before);
  await other.waitForFunction(() => location.hash.startsWith('#1.'));
  assert.deepEqual(other.complaints, []);
});

test('a saved explanation opens with no engine, digit by digit, chosen or dropped', LIMIT, async () => {
  const page = await sharing();
  const before = await values(page);
  await page.click(at('share'));
  const [download] = await Promise.all([page.waitForEvent('download'), page.click(at('share-file'))]);
  const file = join(mkdtempSync(join(tmpdir(), 'headlight-')), 'saved.json');
  await download.saveAs(file);
  const saved = JSON.parse(await readFile(file, 'utf8'));
  assert.equal(saved.request.text, TEXT);

  const other = await visit(server.url);
  await other.click(at('share'));
  await other.setInputFiles(at('open-file'), file);
  await other.waitForSelector(at('frozen'));
  assert.match(await other.innerText(at('frozen')), /From the file “saved.json”, with every digit/);
  await other.selectOption(at('method'), 'saliency');
  assert.deepEqual(await values(other), before);
  assert.deepEqual((await exported(other)).attributions, saved.attributions);
  await withoutEngine(other);
  // A frozen explanation can be shared on.
  await other.click(at('share'));
  assert.match(await other.getAttribute(at('copy-frozen'), 'data-address'), /#f1\./);
  await other.click(at('share-close'));

  // Dropped on the page, one whose question is not in it: its request is made of what it says.
  const dropped = await visit(server.url);
  await dropped.waitForSelector(at('share'));
  delete saved.request;
  const drop = (content, name) => dropped.evaluate(([content, name]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([content], name, { type: 'application/json' }));
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }, [content, name]);
  await drop(JSON.stringify(saved), 'bare.json');
  await dropped.waitForSelector(at('frozen'));
  await withoutEngine(dropped);
  assert.equal(await dropped.inputValue(at('text')), TEXT);
  assert.equal(await dropped.inputValue(at('read')), 'prob');
  await dropped.click(at('opened-run'));
  await done(dropped);
  assert.deepEqual(dropped.asked.at(-1).target, 'next:#8');
  assert.deepEqual(dropped.asked.at(-1).foil, page.asked.at(-1).foil);

  // What is damaged or does not go together is refused in a sentence, and the page goes on.
  const short = structuredClone(saved);
  short.attributions[0].values.pop();
  const later = { ...saved, schema: 'headlight/explanation@9' };
  const hostile = [
    [JSON.stringify(saved).slice(0, 4000), /“x\.json” is damaged/],
    [JSON.stringify(short), /“x\.json” can’t be shown: its list of values has \d+ entries where there must be \d+\./],
    [JSON.stringify(later), /schema “headlight\/explanation@9”/],
  ];
  for (const [content, sentence] of hostile) {
    await drop(content, 'x.json');
    await dropped.waitForSelector(at('notice'));
    assert.match(await dropped.innerText(at('notice')), sentence);
    await dropped.click(at('dismiss'));
    assert.equal(await dropped.inputValue(at('text')), TEXT);
  }
  assert.deepEqual([...other.complaints, ...dropped.complaints], []);
});

test('a frame in another site’s page: frozen at once, and one that runs only when it is asked to', LIMIT, async () => {
  const page = await sharing();
  const { code } = await offered(page);
  await page.click(at('embed-live'));
  const live = await page.inputValue(at('embed-code'));
  assert.notEqual(live, code);
  assert.match(code, /^<iframe src="[^"<>]*\?embed#f1\.[\w-]+" width="\d+" height="\d+" title="Headlight: [^"<>]*&lt;b&gt;[^"<>]*" loading="lazy"/);

  // Another port is another origin.
  const folder = mkdtempSync(join(tmpdir(), 'headlight-'));
  const slides = await serve({ root: folder });
  for (const [snippet, isFrozen] of [[code, true], [live, false]]) {
    const other = await visit('about:blank');
    await writeFile(join(folder, 'talk.html'), `<!doctype html><title>Slides</title><h1>Slides</h1>${snippet}`);
    await other.goto(`${slides.url}talk.html`);
    const frame = other.frameLocator('iframe');
    const inner = () => other.frames().find((one) => one.url().includes('?embed'));
    if (isFrozen) {
      await frame.locator(at('frozen')).waitFor();
    } else {
      await frame.locator(at('opened-summary')).waitFor();
      assert.equal(await frame.locator(at('tokens')).count(), 0, 'an example would pass for what was shared');
      assert.match(await frame.locator(at('opened-cost')).innerText(), /17 MB/);
    }
    assert.equal(await inner().evaluate(() => globalThis.engines), 0);
    if (!isFrozen) {
      await frame.locator(at('opened-run')).click();
      await frame.locator(`${at('tokens')} [data-value]`).first().waitFor();
    }
    assert.ok((await frame.locator(at('tokens')).innerText()).includes('lamp'));
    assert.equal(await frame.locator('.head-view').count(), 1);
    for (const chrome of ['text', 'share', 'methods', 'grid-canvas', 'model-select']) {
      assert.equal(await frame.locator(at(chrome)).count(), 0, `${chrome} is no part of a frame`);
    }
    const href = await frame.locator(at('embed-open')).getAttribute('href');
    assert.match(href, isFrozen ? /\/#f1\./ : /\/#1\./);
    assert.ok(!href.includes('embed'));
    await other.context().close();
  }
  await slides.close();
});

test('hostile frozen links are a sentence and a page that works', LIMIT, async () => {
  const sample = await exported(await visit(server.url));
  const frame = (head, weights = []) => {
    const json = Buffer.from(JSON.stringify(head));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(json.length);
    return `f1.${deflateRawSync(Buffer.concat([length, json, Buffer.from(weights)])).toString('base64url')}`;
  };
  const bare = { ...sample, attention: [] };
  const hostile = [
    `f1.${deflateRawSync(Buffer.alloc(50_000_000)).toString('base64url')}`,
    `f1.${'A'.repeat(40_000)}`,
    'f1.%3Cscript%3E',
    'f2.AAAA',
    'f1.',
    frame({ document: { ...bare, attributions: [{ ...bare.attributions[0], values: [1] }] }, amount: 'all' }),
    frame({ document: { ...bare, attention: [{ kind: 'self', layers: 512, heads: 512, rows: 8192, columns: 8192, values: [] }] }, amount: 'all' }),
    frame({ document: { ...bare, target: { ...bare.target, position: 4_000_000_000 } }, amount: 'all' }),
    frame({ document: bare, amount: 'all', open: { kind: 'self', layer: 0, head: 0 } }),
  ];
  for (const fragment of hostile) {
    const page = await visit(`${server.url}#${fragment}`);
    await page.waitForSelector(at('notice'));
    assert.match(await page.innerText(at('notice')), /link/i);
    await page.waitForSelector(`${at('tokens')} [data-value]`);
    await withoutEngine(page);
    assert.deepEqual(page.complaints.filter(({ kind }) => kind === 'exception'), []);
    await page.context().close();
  }

  // Markup everywhere is text everywhere.
  const markup = '<img src=x onerror="alert(1)">';
  const marked = structuredClone(bare);
  marked.model.title = marked.model.id = marked.model.device = marked.model.sha256 = markup;
  marked.input.text = marked.target.text = markup;
  marked.warnings = [markup];
  for (const one of [...marked.input.tokens, ...marked.output.top]) one.text = markup;
  for (const query of ['', '?embed']) {
    const page = await browser.open();
    await script(page, models, explain);
    let alerted = false;
    page.on('dialog', (dialog) => { alerted = true; dialog.dismiss(); });
    await page.goto(`${server.url}${query}#${frame({ document: marked, amount: 'all' })}`);
    await page.waitForSelector(at('frozen'));
    await page.waitForTimeout(300);
    assert.equal(await page.locator('img').count(), 0);
    assert.equal(alerted, false);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
});

test('a person’s own draft outlives what others shared', LIMIT, async () => {
  const page = await sharing();
  const { frozen } = await offered(page);
  const other = await visit(server.url);
  await other.waitForSelector(`${at('model-select')} option[value="scribe"]`, { state: 'attached' });
  await other.selectOption(at('model-select'), 'scribe');
  await other.fill(at('text'), 'My own words');
  await other.waitForTimeout(700);
  await other.goto('about:blank');
  await other.goto(frozen);
  await other.waitForSelector(at('frozen'));
  await other.click(at('picture-map'));
  await other.waitForTimeout(500);
  await other.goto('about:blank');
  await other.goto(server.url);
  await other.waitForFunction((text) => document.querySelector(text)?.value === 'My own words', at('text'));
});
