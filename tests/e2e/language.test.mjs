// The page in Chinese: chosen, kept, asked for in the address, and Chinese throughout; and writing of every direction, whole
// and in halves of characters.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { afterEach, test } from 'node:test';

import { latin } from './latin.mjs';
import { at, done, exported } from './page.mjs';
import { attention, document, entry, script, split } from './scripted.mjs';
import { browser, server } from './site.mjs';

const LIMIT = { timeout: 120_000 };

afterEach(() => {
  server.heal();
  server.resetCounts();
});

const sample = JSON.parse(await readFile(new URL('../../web/page/assets/sample.json', import.meta.url), 'utf8'));
const wave = (count, pace) => Array.from({ length: count }, (_, at) => Math.sin(at * pace));

const CAUSAL = entry(sample.model.id, 'Wanderer', 'llama', ['continue', 'classify', 'answer'], [['continue', sample.input.text]]);
const LABELLER = entry('labeller', 'Labeller', 'bert', ['label'], [['label', 'Maria lives in Porto.']]);
const MARIAN = entry('marian', 'Marian', 'marian', ['translate'], [['translate', 'The cat sleeps.']]);
const FILLER = entry('filler', 'Filler', 'bert', ['fill'], [['fill', 'A [MASK] barks.']]);
const TWINS = entry('twins', 'Twins', 'bert', ['compare'], [['compare', 'A cat sleeps.', 'A dog barks.']]);
const MODELS = [CAUSAL, LABELLER, MARIAN, FILLER, TWINS].map((model) => ({ ...model, card: '', license: 'MIT' }));

const candidates = (...texts) =>
  texts.map((text, index) => ({ id: 50 + index, text, logit: 4 - index, prob: 0.6 / 2 ** index }));

/** What the script says to a request. */
function say(request) {
  const { task, text } = request;
  const tokens = split(text, task === 'translate' ? { first: '', last: '</s>' } : {});
  const size = tokens.length;
  const maps = [attention('encoder', 2, 4, size, size)];
  const tell = (output, target) => document(request, 'Wanderer', { tokens, output, target, maps });
  switch (task) {
    case 'label': {
      const labels = tokens.map((token) => ({ label: token.text === 'Porto' ? 'B-CITY' : 'O', prob: 0.97 }));
      return tell({ top: candidates('B-CITY', 'O'), labels }, { kind: 'token_label', position: 4, id: 50, text: 'B-CITY' });
    }
    case 'fill':
      return tell({ top: candidates('dog', 'cat') }, { kind: 'masked_word', position: 2, id: 50, text: 'dog' });
    case 'compare':
      return tell({ similarity: 0.5 }, { kind: 'similarity', value: 0.5 });
    case 'translate': {
      const written = [' O', ' gato', '</s>'];
      return document(request, 'Marian', {
        tokens,
        output: {
          top: candidates(' O', ' a'), text: 'O gato',
          tokens: written.map((text, index) => ({ id: 50 + index, text, special: text === '</s>', prob: 0.9 })),
        },
        target: { kind: 'output_token', position: 0, id: 50, text: ' O' },
        maps: [attention('encoder', 2, 4, size, size), attention('cross', 2, 4, 3, size)],
        written: 0,
      });
    }
    case 'classify':
      return tell({ top: candidates('good', 'bad') }, { kind: 'class', id: 50, text: 'good' });
    default: {
      const { layers, heads } = sample.model;
      const kind = sample.attention[0].kind;
      const ofHeads = (pace) => [{ kind, layers, heads, values: wave(layers * heads, pace) }];
      return {
        ...structuredClone(sample),
        attributions: [...new Set([...request.methods, 'saliency', 'grad_x_input'])].map((method) => ({
          method, parameters: method === 'integrated_gradients' ? { steps: 50, baseline: 'zero' } : {},
          values: wave(sample.input.tokens.length, 0.7), checks: { target_value: 1, baseline_value: 0.5, completeness_error: 0.1 },
        })),
        ...(request.patch
          ? {
            heads: {
              lens: { values: wave(layers + 1, 0.1), wins: 26 },
              ablation: { factor: 0, value: 17, heads: ofHeads(0.9), mlps: [{ kind, layers, values: wave(layers, 0.3) }] },
              patching: {
                text: request.patch, value: 17, other_value: 12, z: ofHeads(0.31), pattern: ofHeads(0.53),
                residual: [{ kind, layers, tokens: sample.input.tokens.length, values: wave(layers * sample.input.tokens.length, 0.2) }],
              },
            },
          }
          : {}),
      };
    }
  }
}

/** A page with a scripted engine. */
async function open(query = '?device=cpu', options = {}) {
  const page = await browser.open(undefined, options);
  await script(page, MODELS, say);
  await page.goto(`${server.url}${query}`);
  await page.waitForSelector(at('over-text'));
  await page.waitForSelector(`${at('model-select')} option`, { state: 'attached' });
  return page;
}

const heading = (page) => page.innerText('#tokens-title');
const language = (page) => page.getAttribute('html', 'lang');

test('a language is chosen, keeps everything else as it is, and is kept', LIMIT, async () => {
  const page = await open();
  assert.deepEqual([await heading(page), await language(page)], ['What the answer rests on', 'en']);
  await page.fill(at('text'), 'Maria lives in Porto.');
  await done(page);
  await page.selectOption(at('over-source'), 'mean');
  await page.fill(at('other-text'), 'Maria lives in Rome.');
  const { timing_ms: _, ...before } = await exported(page);
  const link = new URL(page.url()).hash;

  // With the keyboard: the switch has it again afterwards.
  await page.focus(at('language'));
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.documentElement.lang === 'zh-Hans');
  await page.waitForFunction(() => document.activeElement?.id === 'language');
  assert.equal(await heading(page), '答案的依据');
  assert.equal(await page.inputValue(at('text')), 'Maria lives in Porto.');
  assert.equal(await page.inputValue(at('other-text')), 'Maria lives in Rome.');
  assert.equal(await page.getAttribute(at('status'), 'data-answers'), '1');
  const { timing_ms: __, ...after } = await exported(page);
  assert.deepEqual(after, before);
  await page.waitForTimeout(400);
  assert.equal(new URL(page.url()).hash, link);
  // An answer that comes now is told of in Chinese.
  await page.fill(at('text'), '另一段文本');
  await done(page);
  assert.match(await page.innerText(at('target')), /作为下一个词元/);

  await page.reload();
  await page.waitForFunction(() => document.documentElement.lang === 'zh-Hans');
  assert.equal(await heading(page), '答案的依据');
  assert.equal(await page.inputValue(at('text')), '另一段文本');
  // What was said before is said again.
  await page.fill(at('text'), ' ');
  await page.waitForFunction(() => document.body.innerText.includes('输入一段文本即可查看其解释。'));
  await page.click(at('language'));
  await page.waitForFunction(() => document.documentElement.lang === 'en');
  assert.equal(await heading(page), 'What the answer rests on');
  assert.match(await page.innerText('.input-panel'), /Type a text to see it explained\./);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('an open lesson and the formulas of the help follow the language, and a mended file its new text', LIMIT, async () => {
  const page = await browser.open(`${server.url}?lesson=attention`);
  const lesson = () => page.innerText(`${at('lesson')} .lesson-text`);
  const words = () => page.$$eval(`${at('glossary')} mtext`, (all) => all.map((one) => one.textContent.trim()));
  await page.waitForSelector(`${at('lesson')} .lesson-text`);
  assert.match(await lesson(), /A language model reads a text token by token/);
  await page.click(at('language'));
  await page.waitForFunction((selector) => document.querySelector(selector)?.innerText.includes('注意力'), `${at('lesson')} .lesson-text`);
  assert.doesNotMatch(await lesson(), /language model/);
  await page.click(at('lesson-all'));

  // A teacher drops a file, mends a sentence in it and drops it once more.
  const drop = async (about) => {
    const steps = [{ title: 'One', text: 'Look.' }];
    const file = JSON.stringify({ format: 'headlight/lesson@1', id: 'own', title: 'My own', minutes: 5, about, steps });
    const dataTransfer = await page.evaluateHandle((file) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([file], 'own.json', { type: 'application/json' }));
      return transfer;
    }, file);
    await page.dispatchEvent(at('lesson'), 'drop', { dataTransfer });
    const there = [`${at('lesson')} .lesson-text`, about];
    await page.waitForFunction(([selector, text]) => document.querySelector(selector)?.innerText.includes(text), there);
  };
  await drop('What stood there first.');
  await drop('What stands there now.');
  await page.click(at('lesson-close'));

  const explain = page.locator('[data-explain]:visible').first();
  await explain.evaluate((button) => button.setAttribute('data-explain', 'flow'));
  await explain.click();
  await page.waitForSelector(`${at('glossary')} math`, { state: 'attached' });
  assert.ok((await words()).includes('最大流'), `${await words()}`);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('an address asks for a language, and else the browser does', LIMIT, async () => {
  const named = await open('?lang=zh&device=cpu');
  assert.equal(await heading(named), '答案的依据');
  // It holds for this address alone until somebody chooses.
  await named.goto(`${server.url}?device=cpu`);
  await named.waitForSelector(at('over-text'));
  assert.equal(await heading(named), 'What the answer rests on');
  await named.goto(`${server.url}?lang=zh&device=cpu`);
  await named.waitForFunction(() => document.documentElement.lang === 'zh-Hans');
  await named.click(at('language'));
  await named.waitForFunction(() => document.documentElement.lang === 'en');
  assert.equal(new URL(named.url()).searchParams.get('lang'), null);
  await named.context().close();

  const chinese = await open('?device=cpu', { locale: 'zh-CN' });
  assert.equal(await heading(chinese), '答案的依据');
  await chinese.context().close();
  const german = await open('?lang=xx', { locale: 'de-DE' });
  assert.equal(await heading(german), 'What the answer rests on');
  await german.context().close();
});

test('without its texts the page stays in English and says so', LIMIT, async () => {
  const page = await open();
  await page.route('**/locales/zh/help.json', (route) => route.fulfill({ status: 404 }));
  await page.click(at('language'));
  await page.waitForSelector(at('notice'));
  assert.match(await page.innerText(at('notice')), /Chinese texts could not be fetched: the server answered 404.*stays in English/);
  assert.deepEqual([await heading(page), await language(page)], ['What the answer rests on', 'en']);
  await page.unroute('**/locales/zh/help.json');
  await page.route('**/locales/zh/help.json', (route) => route.fulfill({ body: '[1, 2' }));
  await page.goto(`${server.url}?lang=zh&device=cpu`);
  await page.waitForSelector(at('notice'));
  assert.deepEqual([await heading(page), await language(page)], ['What the answer rests on', 'en']);
  await page.context().close();
});

test('in Chinese the page is Chinese throughout', LIMIT, async () => {
  const page = await open('?lang=zh&device=cpu');
  const own = [...sample.input.tokens, ...sample.output.top].map(({ text }) => text.trim());
  const clean = async (where) => assert.deepEqual(await latin(page, own), [], where);
  await clean('as it opens');
  await page.fill(at('text'), `${sample.input.text} `);
  await done(page);
  await clean('with an answer');
  for (const picture of ['lines', 'neurons', 'map']) {
    await page.click(at(`picture-${picture}`));
    await page.waitForTimeout(100);
    await clean(`a head as ${picture}`);
  }
  await page.fill(at('patch-text'), 'x');
  await page.click(at('run-heads'));
  await page.waitForSelector(at('lens-canvas'));
  await page.$$eval('details', (all) => all.forEach((one) => one.setAttribute('open', '')));
  await clean('the model taken apart');
  await page.click(at('rationale'));
  await page.waitForTimeout(300);
  await page.$$eval('details', (all) => all.forEach((one) => one.setAttribute('open', '')));
  await clean('methods side by side');
  await page.click(at('help'));
  await clean('the guide');
  await page.keyboard.press('Escape');
  await page.click(at('own-model'));
  await clean('a model of one’s own');
  await page.keyboard.press('Escape');
  for (const task of ['classify', 'label', 'translate', 'fill', 'compare']) {
    await page.click(`${at('task')} [data-task="${task}"]`);
    // A model that is not here waits for a keystroke.
    await page.fill(at('text'), `${await page.inputValue(at('text'))} `);
    await page.waitForTimeout(500);
    // Comparing waits for a second text, which nobody types here.
    if (task !== 'compare') await done(page);
    assert.deepEqual(await latin(page, [...own, 'Porto', 'Maria', 'lives', 'barks', 'sleeps', 'cat', 'gato', 'good', 'bad', 'dog', 'CITY', 'positive', 'negative']), [], task);
  }
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('every writing is shown as it is written', LIMIT, async () => {
  const page = await browser.open();
  const texts = { arabic: 'مرحبا بالعالم', hebrew: 'שלום עולם', family: '👩‍👩‍👧 汉字' };
  await script(page, MODELS, (request) => {
    const encode = (text) => new TextEncoder().encode(text).length;
    const pieces = request.text.match(/ ?[^ ]{1,3}/gu);
    let start = 0;
    const tokens = pieces.map((text, index) => {
      const token = { id: index, text, start, end: start + encode(text), special: false, source: 0, word: index };
      start = token.end;
      return token;
    });
    const size = tokens.length;
    return document(request, 'Wanderer', {
      tokens, output: { top: candidates(pieces[0], ' b', '⟨d9⟩') },
      target: { kind: 'next_token', position: size - 1, id: 50, text: pieces[0] },
      maps: [attention('self', 2, 4, size, size)],
    });
  });
  await page.goto(`${server.url}?device=cpu`);
  await page.waitForSelector(at('over-text'));
  for (const [name, text] of Object.entries(texts)) {
    await page.fill(at('text'), text);
    await done(page);
    // Nothing of it is lost or put elsewhere.
    assert.equal(await page.$eval(at('tokens'), (flow) => flow.textContent.replaceAll(/[​]/g, '')), text, name);
    const direction = (selector) => page.$eval(selector, (element) => getComputedStyle(element).direction);
    const expected = name === 'family' ? 'ltr' : 'rtl';
    for (const place of ['tokens', 'text', 'over-text']) assert.equal(await direction(at(place)), expected, `${name} in ${place}`);
    // The first token stands where one begins to read.
    const boxes = await page.$$eval(`${at('tokens')} [data-index]`, (all) => all.map((one) => one.getBoundingClientRect().x));
    assert.ok(expected === 'rtl' ? boxes[0] > boxes.at(-1) : boxes[0] < boxes.at(-1), `${name}: ${boxes}`);
    if (expected === 'rtl') assert.match(await page.innerText('.bar-label >> nth=0'), /^\u2068.*\u2069$/u);
    await page.screenshot({ path: `${process.env.HEADLIGHT_SHOTS ?? '/tmp'}/language-${name}.png` }).catch(() => undefined);
  }
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
