// A hub for the browser tests: Hugging Face's paths for two repositories, their files on a second origin behind
// redirects, and switches for everything that can go wrong. `tiny/bert` is fixtures/tiny-bert; `tiny/shards` is the same
// model with its weights in two files and its vocabulary as a list.

import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const REPOSITORIES = ['bert', 'shards'];

/** PyTorch's values for one pair of texts. */
export const golden = async () => JSON.parse(await readFile(new URL('./fixtures/tiny-bert.json', import.meta.url), 'utf8'));

/** The commit that every revision stands for. */
export const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** The file of the weights. */
export const WEIGHTS = 'model.safetensors';

/** Starts a hub on two free loopback ports. */
export async function hub() {
  const it = new Hub(await files());
  await it.listen();
  return it;
}

/** Every file, as `repository/name`. */
async function files() {
  const found = new Map();
  for (const repository of REPOSITORIES) {
    const folder = new URL(`./fixtures/tiny-${repository}/`, import.meta.url);
    for (const name of (await readdir(folder)).sort()) {
      found.set(`${repository}/${name}`, await readFile(new URL(name, folder)));
    }
  }
  return found;
}

const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Headers': 'authorization, range',
  'Access-Control-Expose-Headers': 'X-Error-Code, Content-Range',
};

/** A running hub; see [hub]. */
class Hub {
  #files;
  #hub;
  #cdn;
  /** Every request: `{ cdn, path, headers }`. */
  asked = [];
  /**
   * What goes wrong; [heal] makes it `{}` again.
   *
   * - `status`, `code`: the hub's every answer, with its `X-Error-Code`
   * - `busy`: so many answers of the hub are 503
   * - `cut`, `hang`, `short`: so many answers with the weights break off, hang, or end in good order, half way
   * - `noRanges`: the whole file is given whatever is asked for
   * - `wrong`: a byte of the weights is another one
   * - `lie`: the listing says so many bytes more of the weights
   * - `astray`: redirects lead to this address
   * - `slow`: bytes a second
   * - `listed`: the listing's files, `{ name: size }`
   */
  faults = {};

  constructor(files) {
    this.#files = files;
    const serve = (answer) => createServer((request, response) => {
      answer.call(this, request, response).catch(() => response.destroy());
    });
    this.#hub = serve(this.#answerHub);
    this.#cdn = serve(this.#answerCdn);
  }

  async listen() {
    for (const server of [this.#hub, this.#cdn]) await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  }

  /** The hub's address. */
  get url() {
    return `http://127.0.0.1:${this.#hub.address().port}`;
  }

  /** The content of a file of a repository. */
  content(name, repository = 'bert') {
    return this.#files.get(`${repository}/${name}`);
  }

  /** The names of a repository's files. */
  names(repository) {
    const names = [...this.#files.keys()].filter((path) => path.startsWith(`${repository}/`));
    return names.map((path) => path.slice(repository.length + 1));
  }

  /** The requests for a file's content, in order. */
  downloads(name = '') {
    return this.asked.filter(({ cdn, path }) => cdn && path.includes(name));
  }

  /** Behaves well from now on, and forgets what was asked. */
  heal() {
    this.faults = {};
    this.asked = [];
  }

  async close() {
    for (const server of [this.#hub, this.#cdn]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  #note(request, response, cdn) {
    const path = request.url;
    if (request.method === 'OPTIONS') {
      response.writeHead(204, CORS).end();
      return undefined;
    }
    this.asked.push({ cdn, path, headers: request.headers });
    return path;
  }

  #takes(fault) {
    if (!(this.faults[fault] > 0)) return false;
    this.faults[fault] -= 1;
    return true;
  }

  async #answerHub(request, response) {
    const path = this.#note(request, response, false);
    if (!path) return;
    const refuse = (status, code) => response.writeHead(status, { ...CORS, 'X-Error-Code': code ?? '' }).end('No.\n');
    if (this.faults.status) return void refuse(this.faults.status, this.faults.code);
    if (this.#takes('busy')) return void refuse(503);
    const listed = path.match(/^\/api\/models\/tiny\/([^/]+)\/revision\/[^/?]+\?blobs=true$/)?.[1];
    if (REPOSITORIES.includes(listed)) {
      response.writeHead(200, { ...CORS, 'Content-Type': 'application/json' }).end(JSON.stringify(this.#listing(listed)));
      return;
    }
    const [, repository, name] = path.match(new RegExp(`^/tiny/([^/]+)/resolve/${COMMIT}/(.+)$`)) ?? [];
    if (!REPOSITORIES.includes(repository)) return void refuse(404, 'RepoNotFound');
    const to = this.faults.astray ?? `http://127.0.0.1:${this.#cdn.address().port}`;
    response.writeHead(302, { ...CORS, Location: `${to}/cdn/${repository}/${name}?signed=1` }).end();
  }

  #listing(repository) {
    const file = (rfilename) => {
      const content = this.content(rfilename, repository);
      if (!rfilename.endsWith('.safetensors')) return { rfilename, size: content.length, blobId: 'x' };
      const size = content.length + (this.faults.lie ?? 0);
      return { rfilename, size, lfs: { sha256: createHash('sha256').update(content).digest('hex'), size, pointerSize: 134 } };
    };
    const { listed } = this.faults;
    return {
      id: `tiny/${repository}`,
      sha: COMMIT,
      gated: false,
      pipeline_tag: 'sentence-similarity',
      tags: ['transformers', 'sentence-similarity', 'license:mit'],
      config: { model_type: 'bert' },
      siblings: [
        { rfilename: 'README.md', size: 10 },
        ...(listed ? Object.entries(listed).map(([rfilename, size]) => ({ rfilename, size })) : this.names(repository).map(file)),
      ],
    };
  }

  async #answerCdn(request, response) {
    const path = this.#note(request, response, true);
    if (!path) return;
    const [, repository, name] = path.match(/^\/cdn\/([^/]+)\/(.+)\?signed=1$/) ?? [];
    let content = this.content(name, repository);
    if (!content) return void response.writeHead(404, CORS).end();
    const { faults } = this;
    if (faults.wrong && name === WEIGHTS) {
      content = Buffer.from(content);
      content[content.length - 1] ^= 1;
    }
    const asked = request.headers.range?.match(/^bytes=(\d+)-$/)?.[1];
    const ranged = asked !== undefined && !faults.noRanges;
    const from = ranged ? Number(asked) : 0;
    const total = content.length;
    if (ranged && from >= total) return void response.writeHead(416, CORS).end();
    const rest = content.subarray(from);
    const headers = { ...CORS, ...(ranged ? { 'Content-Range': `bytes ${from}-${total - 1}/${total}` } : {}) };
    const half = rest.subarray(0, Math.floor(rest.length / 2));
    const status = ranged ? 206 : 200;
    if (name === WEIGHTS && this.#takes('short')) {
      // Without a length the end of the answer is the end of the file.
      response.writeHead(status, headers).end(half);
      return;
    }
    response.writeHead(status, { ...headers, 'Content-Length': rest.length });
    if (name === WEIGHTS && this.#takes('cut')) {
      response.write(half);
      // A browser throws away what it has not given out yet when a connection breaks.
      await sleep(500);
      return void response.destroy();
    }
    if (name === WEIGHTS && this.#takes('hang')) return void response.write(half);
    if (faults.slow) {
      const piece = Math.max(1, Math.floor(faults.slow / 20));
      for (let at = 0; at < rest.length && !response.destroyed; at += piece) {
        response.write(rest.subarray(at, at + piece));
        await sleep(50);
      }
      response.end();
      return;
    }
    response.end(rest);
  }
}
