// A page whose engine is a script that writes on: what a model wrote, its ways, and what each token rests on.

import { withAxe } from './axe.mjs';
import { at, done } from './page.mjs';
import { attention, candidates, document, entry, script, split, trace, write } from './scripted.mjs';
import { browser, server } from './site.mjs';

export const TEXT = 'Once upon a time';
const models = [entry('scribe', 'Scribe', 'llama', ['continue'], [['continue', TEXT]])];

function explain(request) {
  const tokens = split(request.text, { first: '', last: '' });
  const top = candidates([]);
  return document(request, 'Scribe', {
    tokens,
    output: { top },
    target: { kind: 'next_token', position: tokens.length - 1, id: top[0].id, text: top[0].text },
    maps: [attention('self', 3, 2, tokens.length, tokens.length)],
  });
}

/** Opens an address in a browser of its own; `says` is what the engine says to commands. `told` has every command but questions. */
export async function visit(address, options = {}, list = models, answer = explain, says = {}) {
  const page = await browser.open(undefined, options);
  const told = [];
  const asked = await script(page, list, answer, undefined, (type, command) => {
    told.push([type, command]);
    return { generate: write, trace, ...says }[type]?.(command) ?? [];
  });
  await withAxe(page);
  await page.goto(address);
  return Object.assign(page, { asked, told });
}

export const written = (page) => page.$$eval(`${at('written')} [data-step]`, (all) => all.map((one) => Number(one.dataset.id)));
export const probs = (page) => page.$$eval(`${at('written')} [data-step]`, (all) => all.map((one) => Number(one.dataset.prob)));
export const rest = (page) => page.waitForSelector(`${at('writing')}[data-running="false"]`);

/** Opens the page with a text that was answered. */
export async function answered(options, says) {
  const page = await visit(server.url, options, models, explain, says);
  await page.waitForSelector(`${at('model-select')} option[value="scribe"]`, { state: 'attached' });
  await page.fill(at('text'), TEXT);
  await done(page);
  return page;
}

/** Opens the page with a text that was written on. */
export async function open(options, says) {
  const page = await answered(options, says);
  await page.click(at('write-on'));
  await page.waitForSelector(`${at('written')} [data-step="31"]`);
  await rest(page);
  return page;
}

/** Takes another candidate of a step and writes on from there. */
export async function force(page, step, rank) {
  if (await page.getAttribute(`${at('written')} [data-step="${step}"]`, 'aria-pressed') === 'false') {
    await page.click(`${at('written')} [data-step="${step}"]`);
  }
  await page.click(`${at('step')} [data-candidate]:nth-child(1) >> nth=${rank}`);
  await page.waitForSelector(`${at('written')} [data-step="${step + 32}"]`);
  await rest(page);
}
