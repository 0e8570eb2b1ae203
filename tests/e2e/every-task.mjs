// A scripted engine that has a model for each task, and what it says: for tests of how an answer looks and is used.

import { attention, document, entry, split } from './scripted.mjs';

const CAUSAL = entry('causal', 'Causal', 'llama', ['continue', 'classify', 'answer'], [['continue', 'Once upon a time']]);
const SENTIMENT = entry('sentiment', 'Sentiment', 'bert', ['classify'], [['classify', 'A fine film.']]);
const LABELLER = entry('labeller', 'Labeller', 'bert', ['label'], [['label', 'Maria Silva lives in Porto.']]);
const READER = entry('reader', 'Reader', 'bert', ['answer'], [['answer', 'Zoë lives in Porto.', 'Where does Zoë live?']]);
const MARIAN = entry('marian', 'Marian', 'marian', ['translate'], [['translate', 'The cat sleeps here.']]);
const FILLER = entry('filler', 'Filler', 'bert', ['fill'], [['fill', 'A [MASK] barks at the [MASK].']]);
/** Entries for the list of models: one for each task. */
export const ALL = [CAUSAL, SENTIMENT, LABELLER, READER, MARIAN, FILLER];

const candidates = (...texts) =>
  texts.map((text, index) => ({ id: 50 + index, text, logit: 4 - index, prob: 0.6 / 2 ** index }));

/** What the script says to a request. */
export function say(request) {
  const aim = /^(?<kind>\w+)(?::(?<choice>.*?))?(?:@(?<at>\d+))?$/u.exec(request.target).groups;
  const place = aim.at === undefined ? undefined : Number(aim.at);
  const pick = (top) => top.find(({ id, text }) => `#${id}` === aim.choice || text === aim.choice) ?? top[0];
  switch (request.task) {
    case 'classify': {
      const tokens = split(request.text);
      const kind = request.text.startsWith('Stars') ? 'regression' : request.text.startsWith('Tags') ? 'multi' : 'single';
      const top = {
        single: [{ id: 1, text: 'good', logit: 2, prob: 0.875 }, { id: 0, text: 'bad', logit: 0, prob: 0.125 }],
        multi: [{ id: 1, text: 'sport', logit: 2, prob: 0.9 }, { id: 0, text: 'money', logit: 1, prob: 0.7 }],
        regression: [{ id: 0, text: 'stars', logit: 4.25, prob: 4.25 }],
      }[kind];
      const { id, text } = pick(top);
      return document(request, 'Sentiment', {
        tokens, output: { top }, target: { kind: 'class', id, text },
        maps: [attention('encoder', 2, 4, tokens.length, tokens.length)],
      });
    }
    case 'label': {
      const tokens = split(request.text);
      const names = { Maria: 'B-GIVEN_NAME', Silva: 'B-SURNAME', Porto: 'B-CITY' };
      const labels = tokens.map(({ text }) => ({ label: names[text] ?? 'O', prob: names[text] ? 0.97 : 0.99 }));
      const position = place ?? 1;
      const top = candidates(labels[position].label, 'B-STREET', 'B-COMPANY');
      const { id, text } = pick(top);
      return document(request, 'Labeller', {
        tokens, output: { top, labels }, target: { kind: 'token_label', position, id, text },
        maps: [attention('encoder', 2, 4, tokens.length, tokens.length)],
      });
    }
    case 'answer': {
      const question = split(request.second_text, { source: 1 });
      const tokens = [...question, ...split(request.text, { first: '', from: 50 })];
      const from = tokens.findIndex(({ text, source }) => text === 'Porto' && source === 0);
      const spans = [[from, from, 'Porto', 0.8], [from - 1, from, 'in Porto', 0.1]]
        .map(([start, end, text, prob]) => ({ start, end, text, logit: prob * 10, prob }));
      const span = spans.find(({ start, end }) => aim.choice === `${start}-${end}`) ?? spans[0];
      return document(request, 'Reader', {
        tokens, output: { text: 'Porto', spans },
        target: { kind: 'answer_span', position: span.start, end: span.end, text: span.text },
        maps: [attention('encoder', 2, 4, tokens.length, tokens.length)],
      });
    }
    case 'translate': {
      const tokens = split(request.text, { first: '', last: '</s>' });
      const written = [' O', ' gato', ' dorme', ' aqui', '.', '</s>'];
      const step = place ?? 0;
      const top = candidates(written[step], ' a', ' b');
      const { id, text } = pick(top);
      const [rows, columns] = [written.length, tokens.length];
      return document(request, 'Marian', {
        tokens,
        output: {
          top, text: 'O gato dorme aqui.',
          tokens: written.map((text, index) => ({ id: 50 + index, text, special: text === '</s>', prob: 0.9 })),
        },
        target: { kind: 'output_token', position: step, id, text },
        maps: [
          attention('encoder', 6, 8, columns, columns),
          // Only one head goes through the text; the others stay where they are.
          attention('cross', 2, 8, rows, columns, (layer, head, row) => (layer === 1 && head === 0 ? row % columns : head % columns)),
        ],
        written: step,
      });
    }
    case 'fill': {
      const tokens = split(request.text);
      const position = place ?? tokens.findIndex(({ id }) => id === 103);
      const top = candidates('dog', 'cat', 'wolf');
      const { id, text } = pick(top);
      return document(request, 'Filler', {
        tokens, output: { top }, target: { kind: 'masked_word', position, id, text },
        maps: [attention('encoder', 2, 4, tokens.length, tokens.length)],
      });
    }
    default: {
      const tokens = split(request.text, { first: '', last: '' });
      const top = candidates(' there', ' a', ' the');
      const { id, text } = pick(top);
      return document(request, 'Causal', {
        tokens, output: { top }, target: { kind: 'next_token', position: tokens.length - 1, id, text },
        maps: [attention('self', 3, 3, tokens.length, tokens.length, (layer, head, row) => Math.max(0, row - head))],
      });
    }
  }
}
