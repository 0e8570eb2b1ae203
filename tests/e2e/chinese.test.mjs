// Every view in Chinese: nothing on it is English but names, and what people and models wrote.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

import { ALL } from './every-task.mjs';
import { VIEWS } from './every-view.mjs';
import { latin } from './latin.mjs';
import { SLOW } from './page.mjs';
import { browser } from './site.mjs';

const sample = JSON.parse(await readFile(new URL('../../web/page/assets/sample.json', import.meta.url), 'utf8'));

/** What is quoted in the views: texts, answers, titles and cards of models. */
const QUOTED = [
  sample.input, sample.output.top, ALL,
  'A warm and funny film that never talks down. Sentiment of film reviews, positive, negative. A cat sleeps. A dog barks. Twins',
  'good, bad. A rather dull film. B-GIVEN_NAME B-SURNAME B-CITY B-STREET B-COMPANY O dog cat wolf gato dorme aqui there',
];
const own = JSON.stringify(QUOTED).match(/[\p{Script=Latin}\d_]*\p{Script=Latin}{2,}/gu);

/** A browser that asks for Chinese, as long as `show` opens pages. */
async function inChinese(show) {
  const { open } = browser;
  browser.open = (url, options) => open.call(browser, url, { locale: 'zh-CN', ...options });
  try {
    return await show();
  } finally {
    browser.open = open;
  }
}

for (const [name, show] of Object.entries(VIEWS)) {
  test(`there is no English: ${name}`, SLOW, async () => {
    const page = await inChinese(show);
    await page.waitForFunction(() => document.documentElement.lang === 'zh-Hans');
    assert.deepEqual(await latin(page, own), []);
    await page.context().close();
  });
}
