// A worker that answers from a script: the page's views of every kind of document, without an engine. What an engine
// really says is tested elsewhere; here the page is given documents of the form that `crates/document` states.

/**
 * Puts a scripted engine in place of the page's worker, and models into its list.
 *
 * @param {import('playwright-core').Page} page a page that has not been opened yet
 * @param {object[]} models entries for the list of models
 * @param {(request: object) => object | Promise<object>} explain the document that answers a request
 * @param {(command: object) => object} [neurons] the queries and keys that answer a command, with their values
 * @returns {object[]} every request that the page asked, in order
 */
export async function script(page, models, explain, neurons) {
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
        return [];
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
