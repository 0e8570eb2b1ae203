// Talks to the engine's worker as the page does, without the page's panels: for what is the worker's own to do.

/** Starts a worker of the site that `page` shows, on the CPU or on WebGPU. */
export async function engine(page, { device = 'cpu' } = {}) {
  await page.evaluate(async (device) => {
    const worker = new Worker(document.querySelector('meta[name="headlight-worker"]').content, { type: 'module' });
    const UNDER_WAY = ['progress', 'estimated', 'wrote'];
    const waiting = new Map();
    const heard = [];
    let started;
    const start = new Promise((resolve, reject) => { started = { resolve, reject }; });
    const fail = (message) => {
      started.reject(new Error(message));
      for (const answer of waiting.values()) answer({ type: 'device_lost', message });
    };
    worker.onerror = (event) => fail(event.message ?? 'The worker could not be started.');
    worker.onmessage = ({ data }) => {
      // A message is named by its only key.
      const [[type, inside]] = Object.entries(JSON.parse(data.json));
      const event = { type, ...inside };
      heard.push(event);
      if (event.type === 'started') started.resolve();
      if (event.type === 'device_lost') fail(event.message);
      if (UNDER_WAY.includes(event.type) || !waiting.has(event.id)) return;
      waiting.get(event.id)({ ...event, arrays: data.arrays.map((array) => [...array]) });
      waiting.delete(event.id);
    };
    let last = 0;
    const post = ({ type, ...inside }, files) =>
      worker.postMessage({ json: JSON.stringify({ [type]: inside }), arrays: [], files });
    globalThis.engine = {
      heard,
      ask(command, files = []) {
        last += 1;
        const id = last;
        const answer = new Promise((resolve) => waiting.set(id, resolve));
        post({ ...command, id }, files);
        return { id, answer };
      },
      cancel: (id) => post({ type: 'cancel', id }, []),
    };
    post({ type: 'start', device }, []);
    await start;
  }, device);
  return {
    /** Asks and waits for the event that ends it. `names` picks files that `offer` put aside. */
    ask: (command, names) => page.evaluate(([command, names]) => {
      const files = names?.map((name) => globalThis.offered.get(name));
      return globalThis.engine.ask(command, files).answer;
    }, [command, names]),
    /** Asks, and cancels once a progress of that stage was heard. */
    askAndCancel: (command, stage) => page.evaluate(async ([command, stage]) => {
      const { engine } = globalThis;
      const { id, answer } = engine.ask(command);
      const isUnderWay = () => engine.heard.some((event) => event.id === id && event.type === 'progress' && event.stage === stage);
      while (!isUnderWay()) await new Promise((resolve) => setTimeout(resolve, 10));
      engine.cancel(id);
      return answer;
    }, [command, stage]),
    /** The progress that was heard of a stage. */
    progress: (stage) => page.evaluate((stage) => globalThis.engine.heard.filter((event) => event.stage === stage), stage),
    /** Everything that was heard, as text. */
    transcript: () => page.evaluate(() => JSON.stringify(globalThis.engine.heard)),
    /** Puts a file aside, as if it had been dropped: `content` is base64, or an address to take it from. */
    offer: (name, { content, address }) => page.evaluate(async ([name, content, address]) => {
      globalThis.offered ??= new Map();
      // The page's policy lets nothing be fetched from a text, and from nowhere else.
      const bytes = address
        ? await (await fetch(address)).blob()
        : Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
      globalThis.offered.set(name, new File([bytes], name.split('/').pop()));
    }, [name, content, address]),
    /** The worker, to look inside. The page may have one of its own, which came before. */
    worker: () => page.workers().at(-1),
  };
}
