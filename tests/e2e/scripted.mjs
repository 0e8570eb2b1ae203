// A worker that answers from a script: the page's views of every kind of document, without an engine. What an engine
// really says is tested elsewhere; here the page is given documents of the form that `crates/document` states.

/**
 * Puts a scripted engine in place of the page's worker, and models into its list.
 *
 * @param {import('playwright-core').Page} page a page that has not been opened yet
 * @param {object[]} models entries for the list of models
 * @param {(request: object) => object | Promise<object>} explain the document that answers a request
 * @param {(command: object) => object} [neurons] the queries and keys that answer a command, with their values
 * @param {(type: string, command: object) => object[]} [others] the events that answer any other command
 * @returns {object[]} every request that the page asked, in order
 */
export async function script(page, models, explain, neurons, others) {
  const asked = [];
  await page.route('**/models/manifest.json', (route) => route.fulfill({ json: { schema: 'headlight/models@1', models } }));
  await page.exposeFunction('headlightScript', async (json) => {
    // A message is named by its only key.
    const [[type, command]] = Object.entries(JSON.parse(json));
    switch (type) {
      case 'start':
        return [{ started: { device: { kind: 'cpu', name: 'script', reason: null } } }];
      case 'load': {
        const model = (command.model ?? command.source.model).id;
        return [{ loaded: { id: command.id, model, cached: true, kept: true, milliseconds: 1 } }];
      }
      case 'explain':
        asked.push(command.request);
        return [{ explained: { id: command.id, explanation: await explain(command.request) } }];
      case 'neurons':
        return neurons ? [{ neurons: { id: command.id, neurons: neurons(command) } }] : [];
      default:
        return others?.(type, command) ?? [];
    }
  });
  await page.addInitScript(() => {
    globalThis.Worker = class extends EventTarget {
      async postMessage({ json }) {
        for (const event of await globalThis.headlightScript(json)) {
          const arrays = (event.explained?.explanation.attention ?? []).map((one) => {
            const { values } = one;
            delete one.values;
            return new Float32Array(values ?? []);
          });
          const inside = event.neurons?.neurons;
          for (const name of inside ? ['query_values', 'key_values', 'scores'] : []) {
            arrays.push(new Float32Array(inside[name]));
            delete inside[name];
          }
          const data = { json: JSON.stringify(event), arrays };
          if (!this.ended) this.onmessage?.(new MessageEvent('message', { data }));
        }
      }

      terminate() {
        this.ended = true;
      }
    };
  });
  return asked;
}

/** An entry for the list of models. */
export const entry = (id, title, family, tasks, examples) => ({
  id,
  title,
  family,
  files: [{ role: 'weights', name: 'model', bytes: 17_000_000, sha256: id }],
  license: 'MIT',
  tasks,
  examples: examples.map(([task, text, second_text]) => ({ task, text, ...(second_text ? { second_text } : {}) })),
  source: 'A test.',
  card: `${title} is weak at everything: it is a script.`,
});

/** Tokens of a text, one a word or sign, with special ones around them. */
export function split(text, { first = '[CLS]', last = '[SEP]', source = 0, from = 0 } = {}) {
  const encode = (piece) => new TextEncoder().encode(piece).length;
  const words = [...text.matchAll(/\[MASK\]|<\/?\w+>|[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu)].map((match) => {
    const start = encode(text.slice(0, match.index));
    return { text: match[0], start, end: start + encode(match[0]), special: false };
  });
  const end = encode(text);
  return [
    ...(first ? [{ text: first, start: 0, end: 0, special: true }] : []),
    ...words,
    ...(last ? [{ text: last, start: end, end, special: true }] : []),
  ].map((token, index) => ({
    id: token.text === '[MASK]' ? 103 : 1000 + index,
    ...token,
    source,
    word: token.special ? null : from + index,
  }));
}

/** Attention whose rows sum to one: head by head, each row looks `reach` of its weight at one column. */
export function attention(kind, layers, heads, rows, columns, at = (layer, head, row) => (row * (head + 1)) % columns) {
  const values = [];
  for (let layer = 0; layer < layers; layer += 1) {
    for (let head = 0; head < heads; head += 1) {
      for (let row = 0; row < rows; row += 1) {
        const most = at(layer, head, row);
        for (let column = 0; column < columns; column += 1) {
          values.push(columns === 1 ? 1 : column === most ? 0.8 : 0.2 / (columns - 1));
        }
      }
    }
  }
  return { kind, layers, heads, rows, columns, values, summary: summary(kind, layers * heads, rows, columns, values) };
}

/** The figures that an engine gives with maps. All tokens but the last on each side count for how well two texts are aligned. */
function summary(kind, count, rows, columns, values) {
  const maps = Array.from({ length: count }, (_, map) =>
    Array.from({ length: rows }, (_, row) => values.slice((map * rows + row) * columns, (map * rows + row + 1) * columns)));
  const sum = (all) => all.reduce((total, one) => total + one, 0);
  const spread = (row) => -sum(row.map((weight) => (weight > 0 ? weight * Math.log(weight) : 0)));
  const aligned = (map) => {
    const [queries, keys] = [Math.max(rows - 1, 1), Math.max(columns - 1, 1)];
    const most = (key) => Math.max(...map.slice(0, queries).map((row) => row[key]));
    return sum(Array.from({ length: keys }, (_, key) => most(key))) / Math.min(queries, keys);
  };
  return {
    entropy: maps.map((map) => sum(map.map(spread)) / rows),
    distance: maps.map((map) => sum(map.map((row, i) => sum(row.map((weight, j) => weight * Math.abs(i - j))))) / rows),
    peak: maps.map((map) => Math.max(0, ...map[rows - 1].slice(1, -1))),
    ...(kind === 'cross' && rows > 2 ? { alignment: maps.map(aligned) } : {}),
    received: Array.from({ length: columns }, (_, key) => sum(maps.map((map) => sum(map.map((row) => row[key])) / rows)) / count),
  };
}

/** A whole document around what a task gives. */
export function document(request, title, { tokens, output, target, maps, written, warnings = [] }) {
  const wave = (count, phase) => Array.from({ length: count }, (_, index) => Math.sin(index * 1.7 + phase) / (1 + index / 9));
  const { model: id, text, second_text, task } = request;
  return {
    schema: 'headlight/explanation@1',
    model: {
      id, title, sha256: id, family: 'script', layers: maps[0].layers, heads: maps[0].heads,
      key_value_heads: maps[0].heads, license: 'MIT', device: 'cpu',
    },
    input: { task, text, ...(second_text ? { second_text } : {}), tokens },
    output: { top: [], ...output },
    target: { position: null, id: null, text: '', read: request.read, value: 1.25, ...target },
    attributions: request.methods.map((method) => ({
      method,
      parameters: {},
      values: wave(tokens.length, 0.4).map((value) => (method === 'saliency' ? Math.abs(value) : value)),
      ...(written === undefined ? {} : { output_values: wave(written, 2) }),
      checks: { target_value: 1.25 },
    })),
    attention: maps,
    warnings,
    timing_ms: { total: 12 },
  };
}

/** What a scripted model has to say: each token has four that may follow it. */
const VOCABULARY = [' the', ' lamp', ' was', ' cold', ' and', ' bright', ' near', ' 好', ' sea', ' today', '.', ' then'];

/** The tokens that may come next after those that were written, the most probable first. */
export function candidates(written) {
  const place = written.reduce((sum, id) => (sum * 7 + id * 3 + 1) % VOCABULARY.length, 5);
  return [0.5, 0.25, 0.15, 0.1].map((prob, rank) => {
    const id = (place + rank * 5) % VOCABULARY.length;
    return { id, text: VOCABULARY[id], logit: Math.log(prob), prob };
  });
}

/** Writes as an engine does: what a command says stands there, told again where it wants that, then the most probable tokens. */
export function write({ id, generation }) {
  const { written = [], replay = false, most } = generation;
  const [ids, events] = [replay ? [] : [...written], []];
  while (ids.length < written.length + most) {
    const top = candidates(ids);
    const chosen = replay && ids.length < written.length ? written[ids.length] : top[0].id;
    const { text, prob } = top.find((one) => one.id === chosen) ?? { text: VOCABULARY[chosen % VOCABULARY.length], prob: 0.01 };
    events.push({ wrote: { id, step: { token: { id: chosen, text, special: false, prob }, adds: text, top } } });
    ids.push(chosen);
  }
  const steps = events.map((event) => event.wrote.step);
  const text = steps.map((step) => step.adds).join('');
  return [...events, { generated: { id, generated: { generation, tokens: 4, steps, text, ended: false } } }];
}

/** What written tokens rest on, or where a model of 3 layers with 2 heads looks as it writes them. */
export function trace({ id, trace: { text, written, steps = [], gaze } }) {
  const piece = (text, id) => ({ id, text });
  const before = text.split(/(?= )/u);
  const said = written.map((id) => piece(VOCABULARY[id % VOCABULARY.length], id));
  const columns = [...before.map(piece), ...said.slice(0, -1)];
  const whose = gaze?.whose ?? { layer: 2 };
  const row = (step) => {
    const seen = before.length + step;
    const wave = (phase) => Array.from({ length: seen }, (_, at) => Math.sin(at * 1.7 + step + phase));
    if (!gaze) return { step, value: 2, saliency: wave(0).map(Math.abs), grad_x_input: wave(1) };
    // All look at one token most, which says whose it is.
    const at = (whose.head ? 1 + whose.head[0] + whose.head[1] : whose.layer) % seen;
    return {
      step, value: 0, saliency: [], grad_x_input: [],
      attention: Array.from({ length: seen }, (_, key) => (seen === 1 ? 1 : key === at ? 0.7 : 0.3 / (seen - 1))),
    };
  };
  const all = steps.length > 0 ? steps : written.map((_, step) => step);
  const triangle = (rows) => ({
    columns, text: before.length, written: said, rows,
    ...(gaze ? { gazed: { kind: gaze.kind, whose, layers: 3, heads: 2 } } : {}),
  });
  return [{ traced: { id, new: triangle(all.map(row)) } }, { traced: { id, new: triangle([]) } }];
}
