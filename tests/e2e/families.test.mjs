// Every family in a real browser, on the CPU and on WebGPU: its small random checkpoint is opened as a person's own files
// and explained twice in a row in one session, since a wrong kernel may only show on its second run. Held against PyTorch
// and transformers, and the CPU against WebGPU.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from './browser.mjs';
import { engine } from './engine.mjs';
import { questions } from './families.mjs';
import { greatest, relative } from './numbers.mjs';
import { serve } from './server.mjs';

const METHODS = ['saliency', 'grad_x_input'];

let server;
let asked;
const found = { cpu: new Map(), webgpu: new Map() };

before(async () => {
  [server, asked] = [await serve(), await questions()];
});

after(() => server?.close());

/** Opens the model that is asked and answers the question twice. */
async function answers(it, { files, request }) {
  const names = Object.keys(files);
  for (const name of names) await it.offer(name, { content: files[name].toString('base64') });
  const loaded = await it.ask({ type: 'load', source: { kind: 'files', title: 'tiny', names } }, names);
  assert.equal(loaded.type, 'loaded', JSON.stringify(loaded));
  const runs = [];
  for (let run = 0; run < 2; run += 1) {
    const event = await it.ask({ type: 'explain', request: { model: loaded.model, methods: METHODS, attention: 'full', ...request } });
    assert.equal(event.type, 'explained', JSON.stringify(event));
    runs.push(read(event));
  }
  return runs;
}

/** What is compared of a document. */
function read({ explanation, arrays }) {
  const { input, output, target, attributions, attention } = explanation;
  const method = (name) => attributions.find(({ method }) => method === name);
  return {
    device: explanation.model.device,
    ids: input.tokens.map(({ id }) => id),
    attention: Object.fromEntries(attention.map(({ kind }, at) => [kind, arrays[at]])),
    values: [target.value, method('saliency').checks.target_value],
    top: output.top,
    spans: output.spans ?? [],
    saliency: method('saliency').values,
    grad_x_input: method('grad_x_input').values,
    written: output.tokens && {
      ids: output.tokens.map(({ id }) => id),
      saliency: method('saliency').output_values,
      grad_x_input: method('grad_x_input').output_values,
    },
  };
}

/** The values of a method at all that the model read. */
const at = (of, method) => [...of[method], ...(of.written?.[method] ?? [])];

/** The worst differences of an answer from what it should be. */
function worst(answer, expected) {
  const kinds = Object.keys(expected.attention);
  assert.deepEqual(Object.keys(answer.attention), kinds);
  const off = { attention: Math.max(...kinds.map((kind) => greatest(answer.attention[kind], expected.attention[kind]))) };
  for (const method of METHODS) {
    if (expected[method]) off[method] = relative(at(answer, method), at(expected, method));
  }
  return off;
}

const SCORE = 1e-3;
const near = (a, b, what) => assert.ok(Math.abs(a - b) < SCORE, `${what}: ${a}, and should be ${b}`);

/** Holds scores and probabilities, best first, against those of every entry. */
function holdScores(top, scores) {
  const best = scores.map((score, id) => ({ ...score, id })).sort((a, b) => b.logit - a.logit);
  assert.equal(top.length, Math.min(10, scores.length));
  for (const [rank, { id, logit, prob }] of top.entries()) {
    near(logit, scores[id].logit, `the logit of ${id}`);
    near(prob, scores[id].prob, `the probability of ${id}`);
    // Neighbours that are this close may change places.
    near(logit, best[rank].logit, `the logit at rank ${rank}`);
  }
}

/** Holds the answers in a text against the scores of their starts and ends. */
function holdSpans(spans, [starts, ends]) {
  assert.ok(spans.length > 0);
  for (const { start, end, logit, prob } of spans) {
    near(logit, starts[start].logit + ends[end].logit, `the logit of ${start} to ${end}`);
    near(prob, starts[start].prob * ends[end].prob, `the probability of ${start} to ${end}`);
  }
}

function hold(answer, question) {
  assert.deepEqual(answer.ids, question.ids);
  if (question.value !== undefined) answer.values.forEach((value) => near(value, question.value, 'the target'));
  if (question.scores) holdScores(answer.top, question.scores);
  if (question.spans) holdSpans(answer.spans, question.spans);
  if (question.written) assert.deepEqual(answer.written.ids, question.written.ids);
  return worst(answer, question);
}

/** Says how far off something is, and that it is not too far. */
function judge(name, runs) {
  const keys = [...new Set(runs.flatMap(Object.keys))];
  const most = Object.fromEntries(keys.map((key) => [key, Math.max(...runs.map((off) => off[key]))]));
  console.log(`${name}: ${keys.map((key) => `${key} ${most[key].toExponential(1)}`).join(', ')}`);
  assert.ok(most.attention < 1e-4, `attention is off by ${most.attention}`);
  for (const method of METHODS) assert.ok(!(method in most) || most[method] < 1e-3, `${method} is off by ${most[method]}`);
}

for (const device of ['cpu', 'webgpu']) {
  test(`every family on ${device} gives PyTorch's values, twice in a row`, { timeout: 900_000 }, async (t) => {
    const browser = await launch({ webgpu: device === 'webgpu' });
    try {
      // The page's own engine keeps to the CPU, and out of the way.
      const page = await browser.open(`${server.url}?device=cpu`);
      const it = await engine(page, { device });
      for (const question of asked) {
        await t.test(question.name, async () => {
          const began = performance.now();
          const runs = await answers(it, question);
          found[device].set(question.name, runs);
          assert.ok(runs.every((run) => run.device.startsWith(device)));
          const seconds = ((performance.now() - began) / 1000).toFixed(1);
          judge(`${device} ${question.name} (${seconds} s)`, runs.map((run) => hold(run, question)));
        });
      }
      assert.deepEqual(page.complaints.filter(({ kind }) => kind !== 'console'), []);
    } finally {
      await browser.close();
    }
  });
}

test('the CPU and WebGPU agree', () => {
  for (const { name } of asked) {
    const [cpu, webgpu] = [found.cpu.get(name), found.webgpu.get(name)];
    assert.ok(cpu && webgpu, `${name} was answered on both`);
    judge(`CPU and WebGPU, ${name}`, cpu.map((run, at) => worst(webgpu[at], run)));
  }
});
