// What a person reads or hears on the Chinese page that is not Chinese.

/** Names that have no other form in Chinese, and what stands for itself: units, files, keys, formulas. */
const PROPER = new Set(`
  Headlight English SmolLM Instruct Wanderer Labeller Marian Filler Twins Apache MIT WebGPU CPU MB kB ms
  logit logits MLP MLPs SmoothGrad LIME SHAP Spearman Kendall AOPC AUPRC softmax top pattern
  CSV JSON SVG PNG HTML BibTeX GGUF ONNX safetensors bin Hugging Face owner name revision Q file Shift Enter Escape Esc Ctrl CLS SEP MASK
  Clark Gu Michel Sundararajan et al nostalgebraist script zh Gu vs Top docs lessons AND OR
`.trim().split(/\s+/));

/** What a person reads or hears on the page that is not Chinese. */
export function latin(page, own) {
  return page.evaluate(
    ({ proper, own }) => {
      const said = [];
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      // What shows the person's own text or the model's is theirs.
      const theirs = '[data-testid="tokens"], [data-testid="over-text"], [data-testid="over-picked"], textarea, option[value], .example, '
        + '.bar-row, blockquote, .strip, [lang="en"], .mark-strip, .row-text, [data-testid="method-rows"] .token, [data-testid="written"], '
        // The model's candidates in a table of two answers.
        + '[data-testid="other-table"] th[scope="row"], [data-testid="changed-table"] th[scope="row"], '
        + 'math, code, pre, style, script, noscript';
      for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        const inModels = node.parentElement.closest('select:not([data-testid="model-select"]) option');
        if (!node.parentElement.closest(theirs) || inModels) said.push(node.textContent);
      }
      for (const element of document.querySelectorAll('[title], [aria-label], [placeholder], [aria-roledescription]')) {
        if (element.closest(theirs) || element.closest('.over-line')) continue;
        for (const name of ['title', 'aria-label', 'placeholder', 'aria-roledescription']) said.push(element.getAttribute(name) ?? '');
      }
      const found = new Map();
      for (const text of said) {
        // What stands between quotation marks is quoted; a version is eight hexadecimal digits, a hash more, of which some spell something.
        const rest = text.replace(/“[^”]*”/g, '').replace(/\b[0-9a-f]{8,}\b/g, '');
        for (const [word] of rest.matchAll(/[\p{Script=Latin}\d_]*\p{Script=Latin}{2,}/gu)) {
          if (!proper.includes(word) && !own.includes(word) && !/^L\d/.test(word)) found.set(word, text.slice(0, 100));
        }
      }
      return [...found].map(([word, text]) => `${word}: ${text}`);
    },
    { proper: [...PROPER], own },
  );
}
