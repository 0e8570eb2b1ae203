// No text leaves the machine: all that the browser sends in a whole visit, from the page, its worker and its service worker, goes
// through a proxy that writes it down. Only the site is asked, for files alone, and nothing that was typed is in what is sent.

import assert from 'node:assert/strict';
import { createServer, request as ask } from 'node:http';
import { after, before, test } from 'node:test';

import { launch } from './browser.mjs';
import { at, done, saved, SLOW } from './page.mjs';
import { serve } from './server.mjs';

/** Rare enough to be nowhere but in what is typed. */
const WORDS = ['Quokkas', 'chartreuse', 'zeppelins'];
const [FIRST, SECOND] = [`${WORDS[0]} adore warm films.`, `The ${WORDS[1]} cat sees ${WORDS[2]}.`];

let site;
let proxy;
let browser;
/** What was sent: a request's method, address, headers and body. */
const sent = [];

/** Opens an address in a profile of its own whose every request goes through the proxy; what the browser itself asks does not. */
const open = (url) => browser.open(url, {
  serviceWorkers: 'allow',
  proxy: { server: `http://127.0.0.1:${proxy.address().port}`, bypass: '<-loopback>' },
});

/** A proxy that writes everything down, lets requests to the site through and refuses all others. */
async function record() {
  const server = createServer((incoming, response) => {
    const parts = [];
    incoming.on('data', (part) => parts.push(part));
    incoming.on('end', () => {
      const body = Buffer.concat(parts);
      sent.push({ method: incoming.method, url: incoming.url, headers: JSON.stringify(incoming.headers), body: body.toString() });
      if (!incoming.url.startsWith(site.url)) return response.writeHead(502).end();
      const onward = ask(incoming.url, { method: incoming.method, headers: incoming.headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      return onward.end(body);
    });
  });
  // What is encrypted, and a web socket, asks for a tunnel first.
  server.on('connect', ({ method, url }, socket) => {
    sent.push({ method, url, headers: '', body: '' });
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

before(async () => {
  site = await serve();
  proxy = await record();
  browser = await launch({ args: ['--disable-features=AutofillServerCommunication,OptimizationHints,WebGPU'] });
});

after(async () => {
  await browser?.close();
  proxy?.closeAllConnections();
  proxy?.close();
  await site?.close();
});

test('a whole visit asks the site for files, and nobody for anything else', SLOW, async () => {
  const page = await open(`${site.url}?device=cpu`);
  await page.click(at('keep-offline'));
  await page.waitForSelector(`${at('offline')}[data-state="yes"]`, { timeout: 120_000 });
  for (const [model, text] of [['sentiment', FIRST], ['marian-enpt', SECOND]]) {
    await page.waitForSelector(`${at('model-select')} option[value="${model}"]`, { state: 'attached' });
    await page.selectOption(at('model-select'), model);
    await page.fill(at('text'), text);
    await page.waitForTimeout(600);
    await done(page, text.split(' ').at(-1).slice(0, -1));
    if (model === 'sentiment') {
      await page.check(at('tick-occlusion'));
      await page.check(at('measure-curves'));
      await page.click(at('run-comparison'));
      await page.waitForSelector(at('comparison-progress'), { state: 'detached', timeout: 240_000 });
    }
    for (const kind of ['export', 'export-html', 'export-methods']) await saved(page, kind);
    await page.click(at('share'));
    await page.waitForSelector(at('copy-live'));
    await page.click(at('share-close'));
  }
  await page.click(at('write-on'));
  await page.waitForSelector(`${at('written')} [data-step="2"]`, { timeout: 240_000 });
  await page.waitForSelector(`${at('writing')}[data-running="false"]`, { timeout: 240_000 });
  await page.click(at('help'));
  await page.keyboard.press('Escape');
  // Another visit with the text that was kept.
  await page.reload();
  await page.waitForFunction(([selector, text]) => document.querySelector(selector)?.value === text, [at('text'), SECOND]);
  assert.deepEqual(page.complaints, []);

  const seen = [...sent];
  assert.ok(seen.some(({ url }) => url.endsWith('/model.safetensors') || /\/models\/sentiment\//.test(url)), 'the worker goes through the proxy');
  assert.ok(seen.some(({ url }) => url.endsWith('service-worker.js')), 'and so does the service worker');
  console.log(`${seen.length} requests, ${new Set(seen.map(({ url }) => url)).size} addresses`);
  assert.deepEqual([...new Set(seen.map(({ url }) => url).filter((url) => !url.startsWith(site.url)))], []);
  assert.deepEqual([...new Set(seen.map(({ method }) => method))].filter((method) => !['GET', 'HEAD'].includes(method)), []);
  for (const { url, headers, body } of seen) {
    assert.equal(body, '', url);
    for (const word of WORDS) assert.ok(!`${decodeURIComponent(url)} ${headers}`.includes(word), `${word} is in ${url}`);
  }
  await page.context().close();
});

test('what would go elsewhere is written down', async () => {
  sent.length = 0;
  // A file of the site, which has no policy of its own.
  const page = await open(`${site.url}sample.json`);
  await page.evaluate((word) => Promise.allSettled([
    fetch(`http://plain.test/${word}`, { method: 'POST', mode: 'no-cors', body: word }),
    fetch(`https://secret.test/${word}`, { mode: 'no-cors' }),
  ]), WORDS[0]);
  await page.evaluate(() => new Promise((resolve) => {
    const worker = new Worker(URL.createObjectURL(new Blob(['fetch("http://worker.test/").finally(() => postMessage(0))'])));
    worker.onmessage = resolve;
  }));
  const elsewhere = sent.filter(({ url }) => !url.startsWith(new URL(site.url).origin)).map(({ method, url, body }) => `${method} ${url} ${body}`);
  assert.deepEqual(elsewhere.sort(), [
    'CONNECT secret.test:443 ', `GET http://worker.test/ `, `POST http://plain.test/${WORDS[0]} ${WORDS[0]}`,
  ]);
  await page.context().close();
});
