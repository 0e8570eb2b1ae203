// Every view of the page, for what must hold in each of them: a name, and a page that shows it.

import { withAxe } from './axe.mjs';
import { ALL, say } from './every-task.mjs';
import { at, done, exported } from './page.mjs';
import { attention, document, entry, script, split } from './scripted.mjs';
import { browser, server } from './site.mjs';

/** The size of a window on a desk. */
export const DESK = { width: 1280, height: 900 };
const TASKS = ['classify', 'label', 'answer', 'translate', 'fill'];

/** A page with axe in it, and a scripted engine where `asScripted` puts one there. */
async function open({ path = '', asScripted } = {}) {
  const page = await browser.open(undefined, { viewport: DESK, colorScheme: 'light' });
  await withAxe(page);
  await asScripted?.(page);
  await page.goto(server.url + path);
  await page.waitForSelector(`${at('over-text')} [data-weight]`);
  return page;
}

/** A page that a script has answered on a task. */
async function onTask(task) {
  const page = await open({ path: '?device=cpu', asScripted: (page) => script(page, ALL, say) });
  await page.click(`${at('task')} [data-task="${task}"]`);
  await page.click(at('load'));
  await done(page);
  return page;
}

/** The page that the sample opens, with an engine that says the same of every text. */
export async function onSample() {
  const first = await open();
  const sample = await exported(first);
  await first.context().close();
  const { tokens } = sample.input;
  const wave = (count, pace) => Array.from({ length: count }, (_, at) => Math.sin(at * pace) * Math.cos(at * 0.37 + pace));
  const inside = () => ({
    queries: tokens.length, keys: tokens.length, width: 64,
    query_values: wave(tokens.length * 64, 0.19), key_values: wave(tokens.length * 64, 0.41),
    scores: wave(tokens.length ** 2, 0.7),
  });
  const page = await open({
    asScripted: (page) => script(
      page, [entry(sample.model.id, sample.model.title, 'llama', ['continue'], [])], () => structuredClone(sample), inside),
  });
  await page.fill(at('text'), `${sample.input.text} `);
  await page.fill(at('text'), sample.input.text);
  await page.waitForTimeout(500);
  return page;
}

/** A page on which a real model has answered. */
async function onModel(model, text) {
  const page = await open({ path: '?device=cpu' });
  await page.waitForSelector(`${at('model-select')} option[value="${model}"]`, { state: 'attached' });
  await page.selectOption(at('model-select'), model);
  await page.fill(at('text'), text);
  await page.waitForTimeout(600);
  await done(page);
  return page;
}

/** A page at an address of its own, with axe in it. */
async function visit(address, asScripted) {
  const page = await browser.open(undefined, { viewport: DESK, colorScheme: 'light' });
  await withAxe(page);
  await asScripted?.(page);
  await page.goto(address);
  return page;
}

/** The links that a page offers to what a script has answered. */
async function addresses() {
  const page = await onTask('classify');
  await page.click(at('share'));
  const address = (name) => page.getAttribute(at(`copy-${name}`), 'data-address');
  const found = { live: await address('live'), frozen: await address('frozen') };
  await page.context().close();
  return found;
}

/** The list of lessons. */
async function onLessons() {
  const page = await visit(`${server.url}?device=cpu&lesson`);
  await page.waitForSelector(at('lesson-list'));
  return page;
}

const TWINS = entry('twins', 'Twins', 'bert', ['compare'], [['compare', 'A cat sleeps.', 'A dog barks.']]);

/** What the script says of two texts. */
function twins(request) {
  if (request.task !== 'compare') return say(request);
  const tokens = [...split(request.text), ...split(request.second_text, { source: 1, from: 50 })];
  return document(request, 'Twins', {
    tokens, output: { similarity: 0.42 }, target: { kind: 'similarity', value: 0.42 },
    maps: [attention('encoder', 2, 4, tokens.length, tokens.length)],
  });
}

/** A page on which a real model has written up to a step, at least. */
async function onWritten(step) {
  const page = await onModel('smollm2', 'The capital of France is');
  await page.click(at('write-on'));
  await page.waitForSelector(`${at('written')} [data-step="${step}"]`, { timeout: 240_000 });
  await page.click(at('stop-writing'));
  await page.waitForSelector(`${at('writing')}[data-running="false"]`);
  return page;
}

/** Every view: its name, and a page that shows it. */
export const VIEWS = {
  'the opening page': () => open(),
  ...Object.fromEntries(TASKS.map((task) => [`the answer to ${task}`, () => onTask(task)])),
  'a head as a map, with figures by layer': onSample,
  async 'a head as lines'() {
    const page = await onSample();
    await page.click(at('picture-lines'));
    await page.waitForSelector(at('lines-canvas'));
    return page;
  },
  async 'a head as queries and keys'() {
    const page = await onSample();
    await page.click(at('picture-neurons'));
    await page.waitForSelector(`${at('neurons')}[data-here="true"]`);
    return page;
  },
  async 'what can be saved'() {
    const page = await onSample();
    await page.click(at('save-grid'));
    await page.waitForFunction((preview) => document.querySelector(preview).naturalWidth > 0, at('save-preview'));
    return page;
  },
  async 'every table and list unfolded'() {
    const page = await onSample();
    await unfold(page);
    return page;
  },
  async 'methods and heads with results'() {
    const page = await onModel('sentiment', 'A warm and funny film that never talks down.');
    for (const method of ['occlusion', 'attention_rollout']) await page.check(at(`tick-${method}`));
    for (const measure of ['curves', 'erasure']) await page.check(at(`measure-${measure}`));
    await page.click(at('run-comparison'));
    await page.waitForSelector(at('comparison-progress'), { state: 'detached', timeout: 240_000 });
    await page.waitForSelector(at('method-row'));
    await page.check(at('head-figure-ablation'));
    await page.fill(at('patch-text'), 'A cold and dull film that always talks down.');
    await page.click(at('run-heads'));
    await page.waitForSelector(`${at('heads-found')}[data-there="true"]`, { timeout: 240_000 });
    await page.waitForSelector(at('head-table'));
    await unfold(page);
    return page;
  },
  async 'what the model writes, a token of it opened'() {
    const page = await onWritten(3);
    await page.click(`${at('written')} [data-step="1"]`);
    await page.waitForSelector(at('step'));
    return page;
  },
  async 'two texts that are compared'() {
    const page = await open({ path: '?device=cpu', asScripted: (page) => script(page, [...ALL, TWINS], twins) });
    await page.selectOption(at('model-select'), 'twins');
    await page.fill(at('text'), 'A cat sleeps.');
    await page.waitForTimeout(500);
    await done(page, 'sleeps');
    await unfold(page);
    return page;
  },
  async 'what each written token rests on, and a changed word'() {
    const page = await onWritten(1);
    const count = await page.locator(`${at('written')} [data-step]`).count();
    await page.click(`${at('written')} [data-step="0"]`);
    await page.click(at('trace-all'));
    await page.waitForSelector(`${at('triangle')}[data-rows="${count}"]`, { timeout: 240_000 });
    await page.locator(at('other-text')).evaluate((field) => {
      field.focus();
      field.setSelectionRange(17, 17);
      field.dispatchEvent(new MouseEvent('click', { bubbles: true }));
    });
    await page.waitForSelector(`${at('suggestions')} [data-suggestion]`, { timeout: 60_000 });
    await page.click(`${at('suggestions')} [data-suggestion]`);
    await page.click(at('ask-other'));
    await page.waitForSelector(at('other-target'), { timeout: 240_000 });
    await unfold(page);
    return page;
  },
  async 'what can be shared'() {
    const page = await onTask('classify');
    await page.click(at('share'));
    await page.waitForSelector(at('copy-frozen'));
    return page;
  },
  async 'a link that asks before it runs, with other weights than its own'() {
    const { live } = await addresses();
    const list = ALL.map((model) => ({ ...model, files: [{ ...model.files[0], sha256: 'other' }] }));
    const page = await visit(live, (page) => script(page, list, say));
    await page.waitForSelector(at('opened-run'));
    await page.waitForSelector(at('differs'));
    return page;
  },
  async 'a frozen link'() {
    const page = await visit((await addresses()).frozen, (page) => script(page, ALL, say));
    await page.waitForSelector(at('frozen'));
    return page;
  },
  async 'what stands in a frame'() {
    const { frozen } = await addresses();
    const page = await visit(frozen.replace('#', '?embed#'), (page) => script(page, ALL, say));
    await page.waitForSelector(at('embed-open'));
    return page;
  },
  async 'two explanations side by side, among those that are kept'() {
    const page = await onTask('classify');
    const ask = async (text) => {
      await page.fill(at('text'), text);
      await page.waitForTimeout(500);
      await done(page, text);
      await page.click(at('keep'));
    };
    await ask('A dull film.');
    await ask('A rather dull film.');
    const kept = page.locator(`${at('kept-explanations')} li`);
    await kept.nth(1).waitFor();
    for (const one of [1, 0]) await kept.nth(one).locator('[data-do^="compare"]').click();
    await page.waitForSelector(at('beside'));
    await unfold(page);
    return page;
  },
  'the lessons': () => onLessons(),
  async 'a step of a lesson, answered'() {
    const page = await onLessons();
    await page.click('[data-lesson-id="attention"]');
    await page.click(at('lesson-begin'));
    await page.waitForTimeout(300);
    await done(page);
    await page.click('[data-choice="0"]');
    await page.click(at('lesson-check'));
    await page.waitForSelector(at('lesson-verdict'));
    return page;
  },
  async 'a lesson of a teacher that is not right'() {
    const page = await onLessons();
    await page.setInputFiles(at('lesson-file'), { name: 'x.json', mimeType: 'application/json', buffer: Buffer.from('{') });
    await page.waitForSelector(`${at('lesson-trouble')}:not(:empty)`);
    return page;
  },
  async 'a panel for a class'() {
    const page = await visit(`${server.url}?present`);
    await page.waitForSelector('.methods-panel', { state: 'attached' });
    await page.keyboard.press('PageDown');
    return page;
  },
  async 'a stop of the tour'() {
    const page = await visit(`${server.url}?tour`);
    await page.waitForSelector(at('tour-next'));
    await page.click(at('tour-next'));
    await page.waitForSelector('[data-pointed]');
    return page;
  },
  async 'an entry of the glossary, with its formula'() {
    const page = await open();
    await page.click('.methods-panel .panel-head > .explain >> nth=0');
    await page.waitForSelector(at('entry'));
    await page.click('.terms [data-explain="integrated_gradients"]');
    await page.click(`${at('formula')} summary`);
    return page;
  },
  async 'a model of one’s own'() {
    const page = await open();
    await page.click(at('own-model'));
    await page.waitForSelector(`${at('own-dialog')}[open]`);
    await page.click(at('own-more'));
    return page;
  },
  async 'the help'() {
    const page = await open();
    await page.click(at('help'));
    await page.waitForSelector('dialog[open]');
    return page;
  },
  async 'a notice, a hint and an engine that is at work'() {
    // A scripted engine without an answer is at work for ever.
    const page = await open({ path: '#hl9.broken', asScripted: (page) => script(page, ALL, () => new Promise(() => {})) });
    await page.fill(at('text'), 'A text without an answer.');
    await page.waitForSelector(at('cancel'));
    await page.waitForSelector(at('notice'));
    return page;
  },
};

/** Opens every list and table that is folded. */
export const unfold = (page) =>
  page.$$eval('details', (all) => {
    for (const one of all) one.open = true;
  });
