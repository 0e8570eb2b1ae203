// The lessons, gone through by a script that does what a learner does, with the models themselves; a teacher's own file; the tour,
// the glossary, and the page for a class.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { begin, check, choose, LESSONS } from './learner.mjs';
import { at, done } from './page.mjs';
import { browser, server } from './site.mjs';

const SLOW = { timeout: 600_000 };

/** Opens the list of lessons. */
async function open(query = '', options = {}) {
  const page = await browser.open(`${server.url}?device=cpu&lesson${query}`, options);
  await page.waitForSelector(at('lesson-list'));
  return page;
}

for (const language of ['en', 'zh']) {
  test(`every lesson is passed by who does what it says: ${language}`, SLOW, async () => {
    const page = await open(`&lang=${language}`);
    for (const [lesson, learn] of Object.entries(LESSONS)) {
      await begin(page, lesson);
      await learn(page);
      await page.click(at('lesson-next'));
      const count = await page.evaluate((key) => localStorage.getItem(key).split(',').length, `headlight.lesson.${lesson}`);
      const said = await page.innerText('.lesson-body');
      assert.ok(said.includes(`${count}`) && new RegExp(`${count}\\D+${count}`).test(said), `${lesson}: every step is solved`);
      await page.click(at('lesson-all'));
      await page.waitForSelector(at('lesson-list'));
    }
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

test('one’s own text is kept while a lesson has the page, over a reload too, and comes back', SLOW, async () => {
  const page = await browser.open(`${server.url}?device=cpu`);
  await page.waitForSelector(`${at('model-select')} option[value="smollm2"]`, { state: 'attached' });
  await page.fill(at('text'), 'My own words are');
  await page.waitForTimeout(600);
  await done(page, 'own');
  await page.click(at('help'));
  await page.click(at('open-lessons'));
  await begin(page, 'attention');
  assert.equal(await page.inputValue(at('text')), 'The capital of France is');
  await choose(page, 2);
  await check(page);
  await page.click(at('lesson-next'));
  await page.reload();
  await page.waitForSelector(`${at('lesson-step')}[data-step="1"]`);
  await page.click(at('lesson-close'));
  await page.waitForFunction(() => document.querySelector('[data-testid="text"]').value === 'My own words are');
  await page.waitForTimeout(600);
  await done(page, 'own');
  // What was solved is remembered.
  await page.click(at('help'));
  await page.click(at('open-lessons'));
  await page.click('[data-lesson-id="attention"]');
  await page.click(at('lesson-begin'));
  await page.waitForSelector(`${at('lesson-step')}[data-step="1"]`);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a teacher’s file is opened from the disk, and a bad one says what is wrong and where', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'headlight-'));
  const guide = await readFile(new URL('../../docs/lessons/README.md', import.meta.url), 'utf8');
  const example = JSON.parse(guide.match(/```json\n([\s\S]*?)```/)[1]);
  const write = async (name, text) => {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  };
  const page = await open();
  const trouble = async (name, text) => {
    await page.setInputFiles(at('lesson-file'), await write(name, text));
    await page.waitForFunction(
      (name) => document.querySelector('[data-testid="lesson-trouble"]')?.textContent.includes(name),
      name,
    );
    return page.innerText(at('lesson-trouble'));
  };
  assert.match(await trouble('broken.json', '{ "format": '), /line 1, column \d+/);
  const misspelt = structuredClone(example);
  misspelt.steps[0].question.options[0].when = ['tpo', ' Paris'];
  const where = await trouble('misspelt.json', JSON.stringify(misspelt));
  assert.match(where, /steps › 1 › question › options › 1 › when: “tpo” is not known here; there are: ran, top,/);
  assert.match(await trouble('large.json', ' '.repeat(300_000)), /larger than 256 kB/);
  // Text is text, whatever it says.
  const hostile = structuredClone(example);
  hostile.title = '<img src=x onerror="document.body.dataset.broken=1">';
  hostile.steps[0].text = '<script>document.body.dataset.broken=1</script> *<b>bold</b>*';
  await page.setInputFiles(at('lesson-file'), await write('hostile.json', JSON.stringify(hostile)));
  await page.waitForSelector(at('lesson-begin'));
  assert.equal(await page.innerText('#lesson-title'), hostile.title);
  await page.click(at('lesson-begin'));
  await page.waitForSelector(at('lesson-step'));
  assert.equal(await page.innerText('.lesson-text em'), '<b>bold</b>');
  assert.equal(await page.locator('.lesson img, .lesson script').count(), 0);
  assert.equal(await page.evaluate(() => document.body.dataset.broken), undefined);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a lesson whose model is not in the list says so, and fetches nothing', async () => {
  const page = await open();
  const lesson = {
    format: 'headlight/lesson@1', id: 'x', title: 'X', about: 'X.',
    steps: [{ title: 'X', text: 'X.', set: { model: 'somebody-elses', text: 'Hi' } }],
  };
  const file = { name: 'x.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(lesson)) };
  await page.setInputFiles(at('lesson-file'), file);
  const before = await page.inputValue(at('text'));
  await page.click(at('lesson-begin'));
  assert.match(await page.innerText(at('lesson-trouble')), /somebody-elses/);
  assert.equal(await page.inputValue(at('text')), before);
  await page.context().close();
});

test('the tour points at panels, is left by a key, and nobody is asked twice', async () => {
  const page = await browser.open(`${server.url}?tour`);
  await page.waitForSelector('#tour-title');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'tour-title');
  const seen = [];
  for (let stop = 0; stop < 6; stop += 1) {
    await page.waitForSelector(`${at('tour')}[data-stop="${stop}"]`);
    await page.waitForFunction(() => document.querySelector('[data-pointed]'));
    seen.push(await page.getAttribute('[data-pointed]', 'class'));
    if (stop < 5) await page.click(at('tour-next'));
  }
  assert.ok(new Set(seen).size >= 5, seen.join());
  await page.keyboard.press('Escape');
  await page.waitForSelector(at('tour'), { state: 'detached' });
  assert.equal(await page.locator('[data-pointed]').count(), 0);
  assert.equal(await page.evaluate(() => localStorage.getItem('headlight.tour')), 'seen');
  await page.context().close();

  // A browser that no script drives is invited, once, and not by a link.
  const context = await browser.browser.newContext();
  await context.addInitScript(() => Object.defineProperty(navigator, 'webdriver', { get: () => false }));
  const visitor = await browser.open(server.url, { context });
  await visitor.waitForSelector(at('invitation'));
  await visitor.click(at('no-tour'));
  await visitor.waitForSelector(at('invitation'), { state: 'detached' });
  await visitor.reload();
  await visitor.waitForSelector(at('tokens'));
  assert.equal(await visitor.locator(at('invitation')).count(), 0);
  await visitor.evaluate(() => document.querySelector('[data-index="0"]').click());
  await visitor.waitForFunction(() => location.hash.length > 10);
  const link = visitor.url();
  await visitor.evaluate(() => localStorage.clear());
  const guest = await browser.open(link, { context });
  await guest.waitForSelector(at('tokens'));
  assert.equal(await guest.locator(at('invitation')).count(), 0);
  await context.close();
});

test('every panel has its explanation, with its formula one click away', async () => {
  for (const language of ['en', 'zh']) {
    const page = await browser.open(`${server.url}?lang=${language}`);
    await page.waitForSelector('.methods-panel');
    for (const panel of ['tokens', 'answer', 'attention', 'heads', 'methods', 'history', 'other']) {
      await page.click(`.${panel}-panel .panel-head > .explain >> nth=0`);
      await page.waitForSelector(`${at('entry')}[data-entry="panel_${panel}"]`);
      await page.click(at('glossary-close'));
      await page.waitForFunction(() => !document.querySelector('[data-testid="glossary"]').open);
    }
    await page.click(at('help'));
    await page.click(at('open-glossary'));
    const entries = await page.$$eval('.terms [data-explain]', (all) => all.map((one) => one.dataset.explain));
    assert.ok(entries.length >= 55, `${entries.length} entries`);
    let formulas = 0;
    for (const entry of entries) {
      await page.click(`.terms [data-explain="${entry}"]`);
      await page.waitForSelector(`${at('entry')}[data-entry="${entry}"]`);
      if (await page.locator(at('formula')).count()) {
        await page.click(`${at('formula')} summary`);
        const box = await page.locator(`${at('formula')} math`).boundingBox();
        assert.ok(box.width > 20 && box.height > 10, entry);
        formulas += 1;
      }
    }
    assert.ok(formulas >= 30, `${formulas} formulas`);
    await page.fill(at('glossary-find'), 'rollout');
    await page.waitForFunction(() => document.querySelectorAll('.terms [data-explain]').length === 1);
    await page.keyboard.press('Escape');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
});

test('the page for a class has one panel at a time, in large type, by keys', async () => {
  for (const viewport of [{ width: 1280, height: 720 }, { width: 1920, height: 1080 }]) {
    const page = await browser.open(`${server.url}?present`, { viewport });
    await page.waitForSelector('.methods-panel', { state: 'attached' });
    const visible = () => page.$$eval('.sheet > .panel', (all) => all.filter((one) => one.offsetParent !== null).map((one) => one.className));
    const seen = [];
    const count = await page.locator('.sheet > .panel').count();
    for (let panel = 0; panel < count; panel += 1) {
      const now = await visible();
      assert.equal(now.length, 1, now.join());
      seen.push(now[0]);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= viewport.width, `${now[0]}: ${width}`);
      await page.keyboard.press(panel % 2 ? 'ArrowRight' : 'PageDown');
      await page.waitForTimeout(100);
    }
    assert.equal(new Set(seen).size, count);
    await page.keyboard.press('PageUp');
    await page.keyboard.press('Escape');
    assert.equal((await visible()).length, count);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
});
