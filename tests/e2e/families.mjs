// The small random checkpoints of `tests/golden/families` as a person would bring them, what to ask of each, and what
// PyTorch says to it.
//
// They have no tokenizer, so one is made: "w5 w17" is the ids 5 and 17. What a document does not carry is worked out here
// from what the golden files do: a token's values from the gradient and the rows of the word embeddings.

import { readFile } from 'node:fs/promises';

const file = (name, of) => readFile(new URL(`../golden/families/${name}/${of}`, import.meta.url));
const json = async (name, of) => JSON.parse(await file(name, of));
const words = (ids) => ids.map((id) => `w${id}`).join(' ');
const sum = (values) => values.reduce((total, value) => total + value, 0);

/** How each family calls its word embeddings; a decoder's first, where it has its own. */
const EMBEDDINGS = /(^|\.)(wte|embed_in|embed_tokens|word_embeddings|shared)\.weight$|^Wemb$/;

/**
 * Every question to every family.
 *
 * @returns {Promise<Question[]>} where a question is
 *   - `name`: the checkpoint, and the head where it has several
 *   - `files`: by their names, the same objects for questions to the same model
 *   - `request`: without its model
 *   - `ids`: of the input's tokens
 *   - `attention`: each kind's values, flat as `[layers, heads, rows, columns]`
 *   - `value`: of the target, or undefined
 *   - `scores`: `{ logit, prob }` of each entry of the vocabulary or label, in order; or undefined
 *   - `spans`: the logits of answers' starts and ends, or undefined
 *   - `saliency`, `grad_x_input`: of each token of the input, or undefined
 *   - `written`: for a translation, its ids, and `saliency` and `grad_x_input` of what stands before the last of them
 */
export async function questions() {
  const all = [];
  for (const name of CAUSAL) all.push(await causal(name));
  for (const [name, heads] of ENCODERS) {
    for (const head of heads) all.push(await encoder(name, head));
  }
  for (const name of ['distilbert', 'roberta']) all.push(await alike(name));
  for (const name of ['bert', 'electra']) all.push(await pair(name));
  for (const name of SEQ2SEQ) all.push(await translation(name));
  return all;
}

const CAUSAL = [
  'gpt2', 'gpt2_scaled', 'gpt2_classifier', 'gpt_neox', 'gpt_neox_sequential', 'llama', 'llama_linear', 'llama_dynamic',
  'llama_tied', 'mistral', 'mistral_full', 'qwen2', 'qwen2_sliding', 'qwen2_yarn', 'qwen3',
];
const HEADS = ['sequence', 'multi_label', 'token', 'span', 'word'];
const ENCODERS = [
  ['bert', HEADS], ['bert-other', ['word', 'regression', 'mean']], ['distilbert', HEADS], ['roberta', HEADS],
  ['electra', HEADS],
];
const SEQ2SEQ = ['marian', 'marian-separate', 'marian-ssru', 't5', 't5-v1.1'];

/** A causal model: the next token, or a label. The longest text: it is longer than every window. */
async function causal(name) {
  const [golden, config] = [await json(name, 'golden.json'), await json(name, 'config.json')];
  const weights = await file(golden.weights, 'model.safetensors');
  const { ids, attention, logits, target } = golden.cases.at(-1);
  const { value, gradient } = target.reads.log_prob;
  const classifies = /Classification$/.test(config.architectures[0]);
  return {
    name,
    files: files(config, weights, tokenizer(config.vocab_size)),
    request: {
      task: classifies ? 'classify' : 'continue',
      text: words(ids),
      target: classifies ? `label:${config.id2label[target.id]}` : `next:#${target.id}`,
      read: 'log_prob',
    },
    ids,
    attention: { self: attention },
    value,
    scores: softmax(logits),
    ...attributions(gradient, rows(weights, ids)),
  };
}

/** An encoder with one of its heads. */
async function encoder(name, head) {
  const [golden, base] = [await json(name, 'golden.json'), await json(name, 'config.json')];
  const weights = await file(name, 'model.safetensors');
  const described = golden.heads[head];
  const config = { ...base, ...described.config };
  // A text alone has no types. The first, which is longer, has some where the family knows them.
  const { ids, attention, heads } = golden.cases.find(({ types }) => !types);
  const { logits, reads } = heads[head];
  const read = ['prob', 'log_prob', 'logit'].find((read) => read in reads);
  const { id, position, start, end } = described;
  const label = config.id2label[id];
  const asked = {
    sequence: { task: 'classify', target: `label:${label}` },
    mean: { task: 'classify', target: `label:${label}` },
    token: { task: 'label', target: `label:${label}@${position}` },
    // The question comes first.
    span: { task: 'answer', target: `span:${start}-${end}`, second_text: words(ids.slice(0, 1)), text: words(ids.slice(1)) },
    word: { task: 'fill', target: `mask:#${id}@${position}` },
  }[described.kind];
  const mask = described.kind === 'word' ? ids[position] : undefined;
  const text = words(ids).replace(`w${mask}`, '[MASK]');
  const labels = Object.keys(config.id2label).length;
  const scores = {
    sequence: () => (head === 'multi_label' ? sigmoid(logits) : labels === 1 ? itself(logits) : softmax(logits)),
    mean: () => itself(logits),
    token: () => softmax(logits.slice(position * labels, (position + 1) * labels)),
    span: () => undefined,
    word: () => softmax(logits),
  }[described.kind]();
  return {
    name: `${name} ${head}`,
    files: files(config, weights, tokenizer(config.vocab_size, { mask })),
    request: { text, ...asked, read },
    ids,
    attention: { encoder: attention.values },
    value: reads[read].value,
    scores,
    spans: described.kind === 'span' ? halves(logits) : undefined,
    ...attributions(reads[read].gradient, rows(weights, ids)),
  };
}

/** An encoder without a head: how alike two texts are. There is no gradient to hold it against. */
async function alike(name) {
  const [golden, base] = [await json(name, 'golden.json'), await json(name, 'config.json')];
  const weights = await file(name, 'model.safetensors');
  const [one, other] = golden.cases;
  const config = { ...base, ...golden.heads.none.config };
  const [a, b] = [one, other].map(({ hidden, shape: [tokens, width] }) => {
    const columns = Array.from({ length: width }, (_, at) => sum(hidden.filter((_, index) => index % width === at)) / tokens);
    return columns.map((value) => value / Math.hypot(...columns));
  });
  return {
    name: `${name} without a head`,
    files: files(config, weights, tokenizer(config.vocab_size)),
    request: { task: 'compare', text: words(one.ids), second_text: words(other.ids), target: 'similarity', read: 'logit' },
    ids: one.ids,
    attention: { encoder: one.attention.values },
    value: sum(a.map((value, at) => value * b[at])),
  };
}

/** An answer in the second of two texts, which has types of its own. The golden files have a gradient of another span. */
async function pair(name) {
  const [golden, base] = [await json(name, 'golden.json'), await json(name, 'config.json')];
  const weights = await file(name, 'model.safetensors');
  const config = { ...base, ...golden.heads.span.config };
  const { ids, types, attention, heads } = golden.cases[0];
  const second = types.indexOf(1);
  return {
    name: `${name} span, with types`,
    files: files(config, weights, tokenizer(config.vocab_size, { types: 1 })),
    request: { task: 'answer', second_text: words(ids.slice(0, second)), text: words(ids.slice(second)), target: 'span', read: 'logit' },
    ids,
    attention: { encoder: attention.values },
    spans: halves(heads.span.logits),
  };
}

/** An encoder-decoder model: the last token of what it writes itself. */
async function translation(name) {
  const [golden, config] = [await json(name, 'golden.json'), await json(name, 'config.json')];
  const weights = await file(name, 'model.safetensors');
  // The one whose prefix the model writes.
  const { source, prefix, encoder, decoder, cross, logits, target, gradients } = golden.cases.at(-1);
  const { value, source: atSource, prefix: atPrefix } = gradients.log_prob;
  const scale = config.scale_embedding || name === 'marian-ssru' ? Math.sqrt(config.d_model) : 1;
  const read = prefix.slice(1);
  // One tokenizer for both sides: it can know no more than the smaller of two vocabularies.
  const known = Math.min(config.vocab_size, config.decoder_vocab_size ?? config.vocab_size);
  const before = attributions(atPrefix.slice(atPrefix.length / prefix.length), rows(weights, read, scale, /decoder/));
  return {
    name,
    files: files(config, weights, tokenizer(known)),
    request: { task: 'translate', text: words(source), target: `output:#${target}@${read.length}`, read: 'log_prob' },
    ids: source,
    attention: { encoder: encoder.values, ...(decoder ? { self: decoder.values } : {}), cross: cross.values },
    value,
    scores: softmax(logits),
    ...attributions(atSource, rows(weights, source, scale, /encoder/)),
    written: { ids: [...read, target], ...before },
  };
}

const files = (config, weights, tokens) => ({
  'config.json': Buffer.from(JSON.stringify(config)),
  'tokenizer.json': Buffer.from(JSON.stringify(tokens)),
  'model.safetensors': weights,
});

/** A tokenizer of so many words, one of which may be a mask. The second of two texts has the type `types`. */
function tokenizer(count, { mask, types = 0 } = {}) {
  const ids = Array.from({ length: count }, (_, id) => id);
  const word = (id) => (id === mask ? '[MASK]' : `w${id}`);
  const sequence = (id, type) => ({ Sequence: { id, type_id: type } });
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: ids.filter((id) => id === mask).map((id) => ({ id, content: word(id), ...plain })),
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [sequence('A', 0)],
      pair: [sequence('A', 0), sequence('B', types)],
      special_tokens: {},
    },
    decoder: null,
    model: { type: 'WordLevel', vocab: Object.fromEntries(ids.map((id) => [word(id), id])), unk_token: word(0) },
  };
}

/** The rows of the word embeddings for some ids, out of a safetensors file; of `side`'s own where there are two tables. */
function rows(weights, ids, scale = 1, side = /(?:)/) {
  const length = Number(weights.readBigUInt64LE(0));
  const header = JSON.parse(weights.toString('utf8', 8, 8 + length));
  const tables = Object.keys(header).filter((name) => EMBEDDINGS.test(name));
  const { dtype, shape: [, width], data_offsets: [from] } = header[tables.find((name) => side.test(name)) ?? tables[0]];
  if (dtype !== 'F32') throw new Error(`the embeddings are ${dtype}`);
  const number = (at) => weights.readFloatLE(8 + length + from + 4 * at) * scale;
  return ids.map((id) => Array.from({ length: width }, (_, at) => number(id * width + at)));
}

/** Each token's values, from the gradient at its embedding. */
function attributions(gradient, embeddings) {
  const width = gradient.length / embeddings.length;
  const of = (token) => gradient.slice(token * width, (token + 1) * width);
  return {
    saliency: embeddings.map((_, token) => Math.hypot(...of(token))),
    grad_x_input: embeddings.map((row, token) => sum(of(token).map((value, at) => value * row[at]))),
  };
}

function softmax(logits) {
  const top = Math.max(...logits);
  const total = sum(logits.map((logit) => Math.exp(logit - top)));
  return logits.map((logit) => ({ logit, prob: Math.exp(logit - top) / total }));
}

const sigmoid = (logits) => logits.map((logit) => ({ logit, prob: 1 / (1 + Math.exp(-logit)) }));
const itself = (logits) => logits.map((logit) => ({ logit, prob: logit }));

/** Answers' starts, then ends. */
const halves = (logits) => [softmax(logits.slice(0, logits.length / 2)), softmax(logits.slice(logits.length / 2))];
