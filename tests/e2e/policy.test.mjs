// The page's policy: it is there before anything else, nothing that the page itself does offends against it, and what somebody
// brought into the page would be refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ALL, say } from './every-task.mjs';
import { at, done, onSentiment, saved, SLOW } from './page.mjs';
import { script } from './scripted.mjs';
import { browser, server } from './site.mjs';

/** Writes down what is refused. */
const listen = (page) => page.addInitScript(() => {
  globalThis.refused = [];
  addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sample }) => {
    globalThis.refused.push(`${effectiveDirective} ${blockedURI} ${sample}`);
  });
});
const refused = (page) => page.evaluate(() => globalThis.refused);

test('the policy stands before every script and style, and lets none in the page itself', async () => {
  const html = await fetch(server.url).then((answer) => answer.text());
  const [, policy] = html.match(/<meta http-equiv="Content-Security-Policy" content="([^"]+)"/);
  assert.ok(html.indexOf(policy) < html.search(/<(script|link|style)/), 'it comes first');
  const rules = Object.fromEntries(policy.split(';').map((rule) => rule.trim().split(/ (.*)/).slice(0, 2)));
  assert.deepEqual(
    [rules['default-src'], rules['script-src'], rules['style-src'], rules['connect-src'], rules['object-src'], rules['base-uri']],
    ["'none'", "'self' 'wasm-unsafe-eval'", "'self'", "'self'", "'none'", "'none'"]);
  for (const [, attributes, code] of html.matchAll(/<script([^>]*)>([^]*?)<\/script>/g)) {
    assert.match(attributes, /src="\.\//);
    assert.equal(code.trim(), '');
  }
  assert.doesNotMatch(html, /<style|\sstyle=|\son\w+=/);
});

test('nothing that the page does offends against its policy', SLOW, async () => {
  const drive = async (task) => {
    const page = await browser.open();
    await listen(page);
    await script(page, ALL, say);
    await page.goto(`${server.url}?device=cpu`);
    await page.click(`${at('task')} [data-task="${task}"]`);
    await page.click(at('load'));
    await done(page);
    await page.$$eval('details', (all) => all.forEach((one) => { one.open = true; }));
    for (const picture of ['lines', 'map']) await page.click(at(`picture-${picture}`));
    assert.deepEqual([task, await refused(page), page.complaints], [task, [], []]);
    await page.context().close();
  };
  for (const task of ['continue', 'classify', 'label', 'answer', 'translate', 'fill']) await drive(task);

  // A real engine, with methods side by side, whose rows and cells are coloured, and files that are saved.
  const open = { open: async (url) => {
    const page = await browser.open();
    await listen(page);
    await page.goto(url);
    return page;
  } };
  const page = await onSentiment(open, server, 'A warm and funny film that never talks down.');
  for (const method of ['occlusion', 'attention_rollout']) await page.check(at(`tick-${method}`));
  await page.check(at('measure-curves'));
  await page.click(at('run-comparison'));
  await page.waitForSelector(at('comparison-progress'), { state: 'detached', timeout: 240_000 });
  await page.waitForSelector(`${at('method-row')} [style]`);
  await page.click(at('help'));
  await page.keyboard.press('Escape');
  await saved(page, 'export-html');
  await saved(page, 'png', 'save-tokens');
  assert.deepEqual([await refused(page), page.complaints], [[], []]);
  await page.context().close();
});

test('a script, a handler, code from a text and a foreign host are refused', async () => {
  const page = await browser.open();
  await listen(page);
  await page.goto(server.url);
  await page.waitForSelector(`${at('tokens')} [data-value]`);
  const ran = await page.evaluate(async () => {
    const element = document.createElement('script');
    element.textContent = 'globalThis.injected = "script"';
    document.body.append(element);
    const box = document.createElement('div');
    box.innerHTML = '<img src="no" onerror="globalThis.injected = \'handler\'"><p style="position: fixed">x</p>';
    document.body.append(box);
    // By itself: what the test's own call runs may make code from a text.
    await new Promise((resolve) => setTimeout(resolve, 50));
    let code = 'refused';
    try {
      code = new Function('return "ran"')();
    } catch {
      // As it should be.
    }
    const host = await fetch('https://example.org/').then(() => 'fetched', () => 'refused');
    await new Promise((resolve) => setTimeout(resolve, 300));
    return [globalThis.injected ?? 'nothing', code, host, getComputedStyle(box.lastChild).position];
  });
  assert.deepEqual(ran, ['nothing', 'refused', 'refused', 'static']);
  const kinds = new Set((await refused(page)).map((one) => one.split(' ')[0]));
  for (const kind of ['script-src-elem', 'script-src-attr', 'script-src', 'connect-src', 'style-src-attr']) {
    assert.ok(kinds.has(kind), `${kind} is among ${[...kinds]}`);
  }
  await page.context().close();
});
