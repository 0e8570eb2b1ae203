// What can be saved of a page: every drawing as SVG, as a picture and as numbers; the explanation as a document, a table, a report, a
// paragraph and BibTeX. By a scripted engine, and from an explanation that was frozen.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { drawing, picture } from './drawn.mjs';
import { at, done, exported, saved } from './page.mjs';
import { entry, script } from './scripted.mjs';
import { browser, server } from './site.mjs';

const LIMIT = { timeout: 120_000 };
const wave = (count, pace) => Array.from({ length: count }, (_, at) => Math.sin(at * pace) * Math.cos(at * 0.37 + pace));
const SAMPLE = JSON.parse(await readFile(new URL('../../web/page/assets/sample.json', import.meta.url), 'utf8'));

/** Opens the page with an engine that answers with the page's own sample, and with all that can be found out besides. */
async function open(options = {}, query = '') {
  const sample = SAMPLE;
  const { layers, heads } = sample.model;
  const tokens = sample.input.tokens.length;
  const { kind } = sample.attention[0];
  const ofHeads = (pace) => [{ kind, layers, heads, values: wave(layers * heads, pace) }];
  const found = {
    lens: { values: wave(layers + 1, 0.11).map((value, at) => value * 4 + (at / layers) ** 3 * 18 - 4), wins: 26 },
    ablation: { factor: 0, value: 17, heads: ofHeads(0.9), mlps: [] },
    patching: { text: 'The capital of Spain is', value: 17, other_value: 12, z: ofHeads(0.31), pattern: ofHeads(0.53), residual: [] },
  };
  const neurons = () => ({
    queries: tokens, keys: tokens, width: 64, query_values: wave(tokens * 64, 0.19), key_values: wave(tokens * 64, 0.41),
    scores: wave(tokens * tokens, 0.7).map((value, at) => (at % tokens > Math.floor(at / tokens) ? -1e9 : value * 3)),
  });
  const band = { least: [0.7, 0.3, 0.1, 0.05, 0.02, 0.01], mean: [0.77, 0.5, 0.3, 0.2, 0.1, 0.01], greatest: [0.77, 0.7, 0.6, 0.5, 0.3, 0.01], areas: [0.3] };
  const curve = { values: [0.77, 0.4, 0.2, 0.1, 0.03, 0.01], area: 0.2421875, better_than: 0.95 };
  const answer = (request) => {
    const document = structuredClone(sample);
    if (request.patch) document.heads = found;
    if (request.measures?.length) {
      document.agreement = request.methods.flatMap((_, a) => request.methods.slice(a + 1).map((_, b) => ({ pair: [a, a + 1 + b], spearman: 0.5 - a, top_3: 1 / (b + 1) })));
      document.attributions = request.methods.map((method, index) => ({
        method, parameters: method === 'integrated_gradients' ? { baseline: 'zero', steps: 50 } : {}, values: wave(tokens, 0.3 + index), checks: { target_value: 17 },
      }));
      document.faithfulness = {
        value: 0.77, empty_value: 0.01, tokens: [0, 1, 2, 3, 4], replacement: '<unk>', evaluations: 99,
        random: { seed: 0, orders: 20, deletion: band, insertion: band },
        methods: request.methods.map((method) => ({ method, deletion: curve, insertion: curve, verdicts: ['Only a script says so.'] })),
      };
    }
    return document;
  };
  const page = await browser.open(undefined, { acceptDownloads: true, ...options });
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']).catch(() => {});
  await page.addInitScript(() => {
    globalThis.refused = [];
    addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => globalThis.refused.push(`${effectiveDirective} ${blockedURI}`));
  });
  await script(page, [entry(sample.model.id, sample.model.title, 'llama', ['continue'], [])], answer, neurons);
  await page.goto(server.url + query);
  await page.waitForSelector(`${at('over-text')} [data-weight]`);
  return page;
}

/** Lets the script answer the sample's question. */
async function answered(page) {
  await page.fill(at('text'), SAMPLE.input.text);
  await done(page);
}

/** Nothing was refused by the page's policy, and nothing went wrong. */
async function close(page) {
  assert.deepEqual([await page.evaluate(() => globalThis.refused), page.complaints], [[], []]);
  await page.context().close();
}

/** What the dialog lists. */
async function listed(page) {
  await page.click(at('save'));
  const all = await page.$$eval(`${at('save-select')} option`, (options) => options.map((option) => option.textContent));
  await page.click(at('save-close'));
  return all;
}

test('every drawing is saved as SVG with its labels as text, as a picture twice as large, and as numbers', LIMIT, async () => {
  const page = await open();
  await answered(page);
  const tokens = SAMPLE.input.tokens.map(({ text }) => text.trim());
  const labels = SAMPLE.input.tokens.map(({ text }) => text.replace(' ', '·'));
  const drawn = async (name, wanted, header, rows) => {
    const opener = `save-${name}`;
    const svg = await saved(page, 'svg', opener);
    assert.equal(svg.name, `headlight-smollm2-the-capital-of-france-is-${name}.svg`);
    const { texts, size } = await drawing(page, svg.bytes);
    for (const text of wanted) assert.ok(texts.includes(text), `${name} says ${text}: ${texts}`);
    await picture(page, (await saved(page, 'png', opener)).bytes, size);
    const lines = (await saved(page, 'csv', opener)).bytes.toString('utf8').trimEnd().split('\r\n');
    assert.equal(lines[0], header);
    assert.equal(lines.length, rows + 1, name);
    return lines.slice(1).map((line) => line.split(','));
  };
  const numbers = (lines) => lines.map((cells) => Number(cells.at(-1)));
  const count = tokens.length;
  const { layers, heads } = SAMPLE.model;
  const ofTokens = await drawn('tokens', tokens, 'token,text,start,end,grad_x_input', count);
  const document = await exported(page);
  assert.deepEqual(numbers(ofTokens), document.attributions.find(({ method }) => method === 'grad_x_input').values);
  const candidates = await drawn('candidates', ['·Paris', '77.3 %'], 'id,text,prob,logit', 10);
  assert.deepEqual(numbers(candidates), document.output.top.map(({ logit }) => logit));
  const head = 'table,name,kind,layer,head,query,key,token,start,end,text,value';
  const [{ summary, values: weights }] = document.attention;
  const figures = Object.values(summary).flat().length;
  const seen = layers * heads * (count * (count + 1)) / 2;
  const grid = await drawn('grid', ['0', '29', '0.25'], head, seen + figures);
  // Cells that a token cannot see are left out.
  const lower = weights.filter((_, at) => at % count <= Math.floor(at / count) % count);
  assert.deepEqual(numbers(grid.slice(0, seen)), lower.map((weight) => Number(weight)));
  const named = SAMPLE.input.tokens.map(({ text }) => (text.startsWith(' ') ? `"${text}"` : text));
  const map = await drawn('map', [...labels, '0.25'], ['query', ...named].join(','), count);
  const open_ = await page.$eval(at('head-canvas'), ({ dataset }) => [Number(dataset.layer), Number(dataset.head)]);
  const from = (open_[0] * heads + open_[1]) * count * count;
  const close_ = (ours, theirs) => ours.forEach((one, at) => assert.ok(Math.abs(one - theirs[at]) < 1e-7, `${one} and ${theirs[at]}`));
  close_(map.flatMap((cells) => cells.slice(1).map(Number)), weights.slice(from, from + count * count));
  await drawn('over-text', [], 'token,text,weight', count);
  await drawn('chart', ['0'], 'layer,head,value', layers * heads);
  await page.click(at('picture-lines'));
  const found = Number(await page.getAttribute(at('lines-canvas'), 'data-lines'));
  await drawn('lines', labels, 'layer,head,query,query_text,key,key_text,weight', found);
  await page.click(at('picture-neurons'));
  await page.waitForSelector(`${at('neurons')}[data-here="true"]`);
  await drawn('neurons', labels, 'key,text,score,weight,number,q,k,product', count * 64);
  await close(page);
});

test('what was found out of heads and methods is saved with the rest, and a report is one file that fetches nothing', LIMIT, async () => {
  const page = await open();
  await answered(page);
  const before = await listed(page);
  await page.fill(at('patch-text'), 'The capital of Spain is');
  await page.click(at('run-heads'));
  await page.waitForSelector(at('lens-canvas'));
  await page.click(at('run-comparison'));
  await page.waitForSelector(at('method-row'));
  const after = await listed(page);
  // Only what is on the page is listed, as it follows one another there.
  assert.ok(before.length < 10 && before[0] === `Gradient × input: ${SAMPLE.model.title}` && !before.some((title) => title.startsWith('Deletion')), before.join());
  for (const title of ['Deletion: LIME', 'Deletion: Saliency', 'Insertion: Saliency', `Saliency: ${SAMPLE.model.title}`]) {
    assert.equal(after.includes(title), !title.includes('LIME'), `${title}: ${after}`);
  }
  for (const [name, said, header] of [
    ['method', 'France', 'token,text,start,end,saliency'], ['deletion', '20 random orders', 'tokens,probability,random_least,random_mean,random_greatest'],
    ['insertion', '0.6', 'tokens,probability,random_least,random_mean,random_greatest'], ['lens', '30', 'layers,target,logit,log_prob,rank,best'],
    ['heat', '29', `,${[...Array(SAMPLE.model.heads).keys()].join(',')}`],
    ['heads', 'Maps by ablation, the highest first', 'layer,head,ablation'], ['agreement', 'Saliency', ',Saliency,Gradient × input,Integrated gradients,Occlusion'],
  ]) {
    const { texts, size } = await drawing(page, (await saved(page, 'svg', `save-${name}`)).bytes);
    assert.ok(texts.some((text) => text.includes(said)), `${name}: ${texts}`);
    if (name !== 'insertion') await picture(page, (await saved(page, 'png', `save-${name}`)).bytes, size);
    assert.equal((await saved(page, 'csv', `save-${name}`)).bytes.toString('utf8').split('\r\n')[0], header);
  }
  const document = await exported(page);
  assert.deepEqual(document.attributions.map(({ method }) => method), ['saliency', 'grad_x_input', 'integrated_gradients', 'occlusion']);
  assert.ok(document.faithfulness && document.heads.lens);
  const table = (await saved(page, 'export-csv')).bytes.toString('utf8').trimEnd().split('\r\n').map((line) => line.split(','));
  const of = (name, which) => table.filter((cells) => cells[0] === name && cells[1] === which).map((cells) => Number(cells.at(-1)));
  assert.deepEqual(of('attribution', 'saliency'), document.attributions[0].values);
  assert.deepEqual(of('candidate', 'prob'), document.output.top.map(({ prob }) => prob));
  assert.equal(of('lens', 'target').length, document.heads.lens.values.length);

  const { bytes, name } = await saved(page, 'export-html');
  assert.equal(name, 'headlight-smollm2-the-capital-of-france-is.html');
  const path = join(tmpdir(), `headlight-report-${process.pid}.html`);
  await writeFile(path, bytes);
  const report = await browser.open(undefined, { viewport: { width: 360, height: 780 } });
  const asked = [];
  await report.route(/^https?:/, (route) => route.abort());
  report.on('request', (request) => asked.push(request.url()));
  await report.goto(pathToFileURL(path).href, { waitUntil: 'networkidle' });
  assert.deepEqual(asked.filter((url) => !url.startsWith('data:')), [pathToFileURL(path).href], 'itself and nothing else');
  assert.deepEqual(report.complaints, []);
  const text = await report.evaluate(() => document.body.textContent);
  const wanted = [SAMPLE.model.sha256, 'Apache-2.0', '77.3 %', 'Only a script says so.', '20 random orders', '0.242', String(SAMPLE.output.top[0].prob), '@inproceedings{sundararajan2017axiomatic'];
  for (const said of wanted) assert.ok(text.includes(said), said);
  assert.deepEqual(JSON.parse(await report.textContent('#document')).output, document.output);
  assert.equal(await report.evaluate(() => document.documentElement.scrollWidth), 360);
  await report.context().close();

  const copied = async (item) => {
    await page.click(at('save'));
    const [paragraph] = [await page.innerText(at('methods-said'))];
    await page.click(at(item));
    await page.waitForFunction((selector) => document.querySelector(selector).textContent === 'Copied', at('save-said'));
    const text = await page.evaluate(() => navigator.clipboard.readText());
    await page.click(at('save-close'));
    return { paragraph, text };
  };
  const { paragraph, text: onClipboard } = await copied('copy-methods');
  assert.equal(paragraph, onClipboard);
  for (const said of ['Gradient × input (Shrikumar et al., 2016)', 'Integrated gradients (Sundararajan et al., 2017)', 'baseline zero, steps 50', SAMPLE.model.title, SAMPLE.model.sha256, 'the logit of “ Paris” as the next token', '(Samek et al., 2017; Petsiuk et al., 2018)']) {
    assert.ok(paragraph.includes(said), `${said}: ${paragraph}`);
  }
  const { text: entries } = await copied('copy-bibtex');
  for (const said of ['@software{headlight', 'shrikumar2016not', 'sundararajan2017axiomatic', 'samek2017evaluating']) assert.ok(entries.includes(said), said);
  const file = await saved(page, 'export-bibtex');
  assert.deepEqual([file.name, file.bytes.toString('utf8')], ['headlight-smollm2-the-capital-of-france-is-references.bib', entries]);
  assert.equal((await saved(page, 'export-methods')).bytes.toString('utf8'), paragraph);
  await close(page);
});

test('the dialog is used by keys on a narrow dark page, says what was saved, and a drawing is saved as dark', LIMIT, async () => {
  const page = await open({ colorScheme: 'dark', viewport: { width: 360, height: 780 } });
  await page.focus(at('save-tokens'));
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), 'save-select');
  const box = await page.locator(at('save-dialog')).boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= 360 && box.y >= 0 && box.y + box.height <= 780, JSON.stringify(box));
  assert.equal(await page.evaluate((dialog) => { const one = document.querySelector(dialog); return one.scrollWidth - one.clientWidth; }, at('save-dialog')), 0);
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Tab');
  const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
  const svg = await readFile(await download.path());
  assert.equal(await page.innerText(at('save-said')), `Saved as ${download.suggestedFilename()}.`);
  const { size } = await drawing(page, svg);
  assert.ok(svg.toString().includes('#171a20'), 'on a dark ground');
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.testid), 'save-tokens');
  await picture(page, (await saved(page, 'png', 'save-tokens')).bytes, size, true);
  // Another drawing is chosen in the list, and shown.
  await page.click(at('save'));
  const shown = () => page.getAttribute(at('save-preview'), 'src');
  const first = await shown();
  assert.match(first, /^blob:/);
  await page.selectOption(at('save-select'), { label: 'Attention of every head' });
  assert.notEqual(await shown(), first);
  await page.waitForFunction((preview) => document.querySelector(preview).naturalWidth > 300, at('save-preview'));
  const [grid] = await Promise.all([page.waitForEvent('download'), page.click(`${at('save-dialog')} ${at('csv')}`)]);
  assert.match(grid.suggestedFilename(), /-grid\.csv$/);
  await page.click(at('save-close'));
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  await close(page);
});

test('a frozen explanation is saved without a model, in Chinese, and without the references it says so', LIMIT, async () => {
  const page = await open({}, '?lang=zh');
  await page.click(at('share'));
  const address = await page.getAttribute(at('copy-frozen'), 'data-address');
  await page.context().close();
  const frozen = await browser.open(undefined, { acceptDownloads: true });
  await script(frozen, [], () => { throw new Error('nothing is asked'); });
  await frozen.goto(address.replace('#', '?lang=zh#'));
  await frozen.waitForSelector(`${at('tokens')} [data-value]`);
  const { texts } = await drawing(frozen, (await saved(frozen, 'svg', 'save-tokens')).bytes);
  assert.ok(texts.includes(`梯度×输入: ${SAMPLE.model.title}`) && texts.includes('France'), texts.join());
  const { bytes } = await saved(frozen, 'export-html');
  assert.ok(bytes.toString('utf8').includes(SAMPLE.model.sha256));
  assert.equal((await exported(frozen)).model.sha256, SAMPLE.model.sha256);
  await frozen.reload();
  await frozen.waitForSelector(`${at('tokens')} [data-value]`);
  await frozen.route('**/references.bib', (route) => route.abort());
  await frozen.click(at('save'));
  await frozen.click(at('export-bibtex'));
  await frozen.waitForFunction((said) => document.querySelector(said).textContent.startsWith('无法获取参考文献列表'), at('save-said'));
  await frozen.context().close();
});
