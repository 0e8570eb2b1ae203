// axe-core in a page: what makes it hard or impossible to use for somebody with a screen reader, a keyboard or weak eyes.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const SOURCE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What is asked: WCAG 2.2 to level AA, and what axe counts as good practice. */
const OPTIONS = {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  // Off by default, as it is new in WCAG 2.2: targets of 24 by 24 pixels, or as far from each other.
  rules: { 'target-size': { enabled: true } },
  resultTypes: ['violations'],
};

/** Brings axe into a page that has not been opened yet. */
export const withAxe = (page) => page.addInitScript({ content: SOURCE });

/** Words that can be chosen within a running text are as wide as they are: WCAG 2.5.8 exempts them. */
const RUNNING_TEXT = '.strip .word';

/**
 * The faults of a page as it stands.
 *
 * @returns {Promise<{ rule: string, impact: string, what: string, where: string[] }[]>} the elements of each fault are selectors,
 *   with what axe says of each
 */
export async function faults(page) {
  const violations = await page.evaluate(async ([options, running]) => {
    const { violations } = await globalThis.axe.run(document, options);
    for (const { id, nodes } of violations) {
      const isExempt = ({ target }) => id === 'target-size' && document.querySelector(target.at(-1))?.matches(running);
      nodes.splice(0, nodes.length, ...nodes.filter((node) => !isExempt(node)));
    }
    return violations.filter(({ nodes }) => nodes.length > 0);
  }, [OPTIONS, RUNNING_TEXT]);
  return violations.map(({ id: rule, impact, help: what, nodes }) => ({
    rule, impact, what,
    where: nodes.map(({ target, any, all, none }) =>
      `${target.flat().join(' ')}: ${[...any, ...all, ...none].map(({ message }) => message).join('; ')}`),
  }));
}

/** Whether somebody cannot use a page for a fault, or only with trouble. */
export const isGrave = ({ impact }) => impact === 'serious' || impact === 'critical';
