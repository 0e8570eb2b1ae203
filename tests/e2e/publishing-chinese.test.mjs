// What is saved of a page that is Chinese is Chinese: the report and the paragraph for a paper. By a scripted engine.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { at, done, saved } from './page.mjs';
import { entry, script } from './scripted.mjs';
import { browser, server } from './site.mjs';

const SAMPLE = JSON.parse(await readFile(new URL('../../web/page/assets/sample.json', import.meta.url), 'utf8'));
const VERDICT = 'Leaving out the words it ranks first is no better than random: it does more than 7 of 20 random orders.';
/** Words that a Chinese paper keeps. */
const KEPT = new Set('BertViz CSV JSON Headlight Kendall LIME Logit MLP SHA SmoothGrad Spearman softmax logit ms kB'.split(' '));

/** The sample's question, with all that can be measured of it. */
function answer(request) {
  const document = structuredClone(SAMPLE);
  if (!request.measures?.length) return document;
  const tokens = SAMPLE.input.tokens.length;
  const band = { least: [0.7, 0.3, 0.1, 0.05, 0.02, 0.01], mean: [0.77, 0.5, 0.3, 0.2, 0.1, 0.01], greatest: [0.77, 0.7, 0.6, 0.5, 0.3, 0.01], areas: [0.3] };
  const curve = { values: [0.77, 0.4, 0.2, 0.1, 0.03, 0.01], area: 0.2421875, better_than: 0.35 };
  document.attributions = request.methods.map((method, index) => ({
    method, parameters: method === 'integrated_gradients' ? { baseline: 'zero', steps: 50 } : {},
    values: Array.from({ length: tokens }, (_, at) => Math.sin(at + index)), checks: { target_value: 17, baseline_value: 2, completeness_error: 0.25 },
  }));
  document.faithfulness = {
    value: 0.77, empty_value: 0.01, tokens: [0, 1, 2, 3, 4], replacement: '<unk>', evaluations: 99, random: { seed: 0, orders: 20, deletion: band, insertion: band },
    methods: request.methods.map((method) => ({ method, deletion: curve, insertion: curve, verdicts: [VERDICT] })),
  };
  return document;
}

/** Opens the report in a browser that has no network, and gives what it says there. */
async function opened(bytes, name, options) {
  const folder = await mkdtemp(join(tmpdir(), 'headlight-report-'));
  const path = join(folder, name);
  await writeFile(path, bytes);
  const report = await browser.open(undefined, options);
  const asked = [];
  await report.route(/^https?:/, (route) => route.abort());
  report.on('request', (request) => asked.push(request.url()));
  await report.goto(pathToFileURL(path).href, { waitUntil: 'networkidle' });
  assert.deepEqual([asked.filter((url) => !url.startsWith('data:')), report.complaints], [[pathToFileURL(path).href], []], 'itself and nothing else');
  const found = await report.evaluate(() => {
    const body = document.body.cloneNode(true);
    for (const one of body.querySelectorAll('script, pre, blockquote')) one.remove();
    const texts = [];
    const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) texts.push(walker.currentNode.data);
    return {
      lang: document.documentElement.lang, title: document.title, text: texts.join(' '), entries: document.querySelector('pre').textContent,
      cells: [...document.querySelectorAll('td')].map((cell) => cell.textContent), heads: [...document.querySelectorAll('h2')].map((head) => head.textContent),
      document: document.querySelector('#document').textContent, wide: document.documentElement.scrollWidth,
    };
  });
  if (process.env.HEADLIGHT_SHOTS) await report.screenshot({ path: join(process.env.HEADLIGHT_SHOTS, `${name}.png`), fullPage: true });
  await report.context().close();
  await rm(folder, { recursive: true });
  return found;
}

test('a report and a paragraph are saved in the language of the page, with the same numbers', { timeout: 120_000 }, async () => {
  const page = await browser.open(undefined, { acceptDownloads: true });
  await script(page, [entry(SAMPLE.model.id, SAMPLE.model.title, 'llama', ['continue'], [])], answer);
  await page.goto(server.url);
  await page.fill(at('text'), SAMPLE.input.text);
  await done(page);
  await page.click(at('run-comparison'));
  await page.waitForSelector(at('method-row'));
  const files = async () => ({ html: (await saved(page, 'export-html')).bytes, paragraph: (await saved(page, 'export-methods')).bytes.toString('utf8') });
  const english = await files();
  await page.click(at('language'));
  await page.waitForFunction(() => document.documentElement.lang === 'zh-Hans');
  await page.waitForSelector(at('method-row'));
  const chinese = await files();

  // The dialog shows what is saved, and says in which language it is.
  await page.click(at('save'));
  assert.deepEqual([await page.innerText(at('methods-said')), await page.getAttribute(at('methods-said'), 'lang')], [chinese.paragraph, 'zh-Hans']);
  await page.click(at('save-close'));
  const title = SAMPLE.model.title;
  for (const said of [
    title, SAMPLE.model.sha256, '梯度×输入（Shrikumar et al., 2016）', '积分梯度（Sundararajan et al., 2017）', '参数：基线 零，步数 50', '“ Paris”作为下一个词元的 logit',
    '（Samek et al., 2017；Petsiuk et al., 2018）', '20 个随机顺序（随机种子 0）',
  ]) assert.ok(chinese.paragraph.includes(said), `${said}: ${chinese.paragraph}`);
  const numbers = (text) => (text.match(/[\d.]*\d/g) ?? []).sort();
  assert.deepEqual(numbers(chinese.paragraph), numbers(english.paragraph));
  assert.ok(english.paragraph.includes('Gradient × input (Shrikumar et al., 2016) gives each token'));

  const theirs = await opened(english.html, 'report-en.html', { viewport: { width: 1280, height: 800 } });
  const ours = await opened(chinese.html, 'report-zh.html', { viewport: { width: 360, height: 780 } });
  assert.deepEqual([theirs.lang, ours.lang, ours.title, ours.wide], ['en', 'zh-Hans', `Headlight: ${title} 的解释`, 360]);
  assert.ok(ours.heads.includes('对结果不利之处') && ours.heads.includes('梯度×输入') && ours.heads.length === theirs.heads.length, ours.heads.join());
  assert.ok(ours.text.includes('在 20 个随机顺序中只胜过 7 个') && theirs.text.includes(VERDICT));
  assert.ok(ours.text.includes(chinese.paragraph));
  assert.deepEqual(numbers(ours.text), numbers(theirs.text));
  const digits = (cells) => cells.filter((cell) => /^[−\d.]+$/.test(cell));
  assert.ok(digits(ours.cells).length > 50);
  assert.deepEqual(digits(ours.cells), digits(theirs.cells));
  assert.deepEqual([ours.entries, JSON.parse(ours.document)], [theirs.entries, JSON.parse(theirs.document)]);
  // What is left of English are names, tokens and references.
  const { model, input, output } = SAMPLE;
  const words = (text) => text.match(/[A-Za-z]{2,}/g) ?? [];
  const own = [title, model.id, model.sha256, model.family, model.license, model.device, SAMPLE.schema, '<unk>', ...[...input.tokens, ...output.top].map(({ text }) => text)];
  const known = new Set([...KEPT, ...own.flatMap(words)]);
  const left = (text) => words(text.replace(/（[^（）]*\d{4}）/g, ' ')).filter((word) => !known.has(word));
  assert.deepEqual(left(ours.text), []);
  assert.ok(left(theirs.text).length > 100);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
