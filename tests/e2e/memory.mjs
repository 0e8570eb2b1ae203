// How much memory the browser's processes and the engine take.

import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory of this process's descendants of each type, now and at its peak, in MiB: `{ gpu, renderer }`. */
export function resident() {
  const parents = new Map();
  const found = { gpu: null, renderer: null };
  let names;
  try {
    names = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return found;
  }
  const read = (pid, what) => {
    try {
      return readFileSync(`/proc/${pid}/${what}`, 'utf8');
    } catch {
      return ''; // It has just ended.
    }
  };
  // What follows the name in brackets: state, parent, …
  for (const pid of names) parents.set(pid, read(pid, 'stat').split(') ').at(-1).split(' ')[1]);
  const isOurs = (pid) => pid !== undefined && (pid === String(process.pid) || isOurs(parents.get(pid)));
  for (const pid of names.filter(isOurs)) {
    const type = read(pid, 'cmdline').match(/--type=(gpu-process|renderer)/)?.[1].replace('-process', '');
    if (!type) continue;
    const memory = read(pid, 'status');
    const mebibytes = (key) => Number(memory.match(new RegExp(`${key}:\\s*(\\d+) kB`))?.[1] ?? 0) / 1024;
    const one = { now: mebibytes('VmRSS'), peak: mebibytes('VmHWM') };
    // Browsers keep a spare renderer, which is smaller.
    if (one.now > (found[type]?.now ?? 0)) found[type] = one;
  }
  return found;
}

/** The size of the heap of a worker's engine, in bytes. It never shrinks, so that its size is its peak. */
export const heap = (worker) => worker.evaluate(async () => {
  // The module that runs already; asked again, it gives its exports.
  const module = await import(new URL('headlight_worker.js', globalThis.location.href).href);
  const { memory } = await module.default();
  return memory.buffer.byteLength;
});
