// A file server for the browser tests. It serves the site under a sub-path, so that only relative addresses work, and
// can be told to misbehave: to fail, to be slow, to break off. It counts the requests for each path.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Where the built site lies. */
export const DIST = process.env.HEADLIGHT_DIST ?? fileURLToPath(new URL('../../dist', import.meta.url));

/** The path under which the site is served. */
export const BASE = '/some/where/';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.wasm': 'application/wasm',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

/**
 * Starts a server on a free loopback port.
 *
 * @param {{ root?: string }} [options] the folder to serve, the built site by default
 * @returns {Promise<Server>}
 */
export async function serve({ root = DIST } = {}) {
  const server = new Server(root);
  await server.listen();
  return server;
}

/** A running server; see [serve]. */
class Server {
  #root;
  #http;
  #counts = new Map();
  #faults = [];

  constructor(root) {
    this.#root = root;
    this.#http = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  listen() {
    return new Promise((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen(0, '127.0.0.1', resolve);
    });
  }

  /** The address of the page. */
  get url() {
    return `http://127.0.0.1:${this.#http.address().port}${BASE}`;
  }

  /** How often a path (below the site, such as `models/manifest.json`) was asked for. A regular expression adds up. */
  requests(path) {
    let sum = 0;
    for (const [asked, count] of this.#counts) {
      if (path instanceof RegExp ? path.test(asked) : path === asked) sum += count;
    }
    return sum;
  }

  /** Every path that was asked for, with how often. */
  get counts() {
    return Object.fromEntries(this.#counts);
  }

  /** Forgets the counts. */
  resetCounts() {
    this.#counts.clear();
  }

  /** Answers the first `times` requests for `path` with `status`, 503 by default. */
  fail(path, { times = 1, status = 503 } = {}) {
    this.#faults.push({ path, left: times, kind: 'fail', status });
  }

  /** Breaks off the first `times` answers for `path` after `bytes` bytes. */
  cut(path, { times = 1, bytes = 1000 } = {}) {
    this.#faults.push({ path, left: times, kind: 'cut', bytes });
  }

  /** Sends answers for `path` at about `bytesPerSecond`, until [heal] is called. */
  throttle(path, bytesPerSecond) {
    this.#faults.push({ path, left: Infinity, kind: 'throttle', bytesPerSecond });
  }

  /** Behaves well from now on. */
  heal() {
    this.#faults.length = 0;
  }

  /** Ends the server and every connection. */
  close() {
    this.#http.closeAllConnections();
    return new Promise((resolve) => this.#http.close(resolve));
  }

  #fault(path) {
    const fault = this.#faults.find(
      (one) => one.left > 0 && (one.path instanceof RegExp ? one.path.test(path) : one.path === path),
    );
    if (fault) fault.left -= 1;
    return fault;
  }

  async #answer(request, response) {
    const { pathname } = new URL(request.url, 'http://127.0.0.1');
    if (!pathname.startsWith(BASE)) return notFound(response);
    const path = normalize(decodeURIComponent(pathname.slice(BASE.length))).replace(/^\.$/, '') || 'index.html';
    this.#counts.set(path, (this.#counts.get(path) ?? 0) + 1);
    const file = join(this.#root, path);
    if (!file.startsWith(this.#root + sep)) return notFound(response);
    const info = await stat(file).catch(() => undefined);
    if (!info?.isFile()) return notFound(response);

    const fault = this.#fault(path);
    if (fault?.kind === 'fail') {
      response.writeHead(fault.status, { 'Content-Type': 'text/plain' });
      response.end('A test asked for this failure.\n');
      return undefined;
    }
    response.writeHead(200, {
      'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream',
      'Content-Length': info.size,
      'Cache-Control': 'no-cache',
    });
    if (request.method === 'HEAD') return response.end();
    if (fault?.kind === 'cut') return cutOff(file, response, fault.bytes);
    if (fault?.kind === 'throttle') return slowly(file, response, fault.bytesPerSecond);
    createReadStream(file).on('error', () => response.destroy()).pipe(response);
    return undefined;
  }
}

function notFound(response) {
  response.writeHead(404, { 'Content-Type': 'text/plain' });
  response.end('There is no such file.\n');
}

async function cutOff(file, response, bytes) {
  if (bytes > 0) {
    for await (const chunk of createReadStream(file, { end: bytes - 1 })) {
      await new Promise((resolve) => response.write(chunk, resolve));
    }
  }
  response.destroy();
}

async function slowly(file, response, bytesPerSecond) {
  const ticksPerSecond = 20;
  const highWaterMark = Math.max(1, Math.floor(bytesPerSecond / ticksPerSecond));
  for await (const chunk of createReadStream(file, { highWaterMark })) {
    if (response.destroyed) return;
    response.write(chunk);
    await sleep(1000 / ticksPerSecond);
  }
  response.end();
}
