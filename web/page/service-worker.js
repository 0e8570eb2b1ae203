// Keeps the page for use without a network. `cargo xtask build` writes two lines before this: VERSION, and FILES, every file of the
// site's own with the first digits of its hash. Models are not among them: the engine keeps those in the origin's private storage.
//
// A version is kept whole or not at all, each file held against its hash, and answers from its own files alone: a page never has
// parts of two. A new version waits until a reader asks for it. The user guide comes last, as far as it comes: a page is none the
// worse without it.
/* global VERSION, FILES */

const SCOPE = registration.scope;
// Several sites may share an origin, each below a path of its own.
const PREFIX = `headlight ${SCOPE} `;
const KEPT = PREFIX + VERSION;
const DIGITS = FILES.length > 0 ? FILES[0][1].length : 0;
const KNOWN = new Map(FILES.map(([path, hash]) => [new URL(path, SCOPE).href, hash]));
const HOME = new URL('index.html', SCOPE).href;
const GUIDE = new URL('guide/', SCOPE).href;

/** The first digits of a content's hash. */
async function hashOf(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('').slice(0, DIGITS);
}

/** A file with this hash: from what is kept already, else from the server. */
async function get(address, hash, stores) {
  for (const cache of stores) {
    const found = await cache.match(address);
    if (found && (await hashOf(await found.clone().arrayBuffer())) === hash) return found;
  }
  const answer = await fetch(address, { cache: 'no-cache', credentials: 'same-origin' });
  const bytes = await answer.clone().arrayBuffer();
  if (answer.status !== 200 || (await hashOf(bytes)) !== hash) {
    throw new Error(`${address} is not the file of version ${VERSION} (status ${answer.status}).`);
  }
  // What was redirected may not answer a navigation.
  return answer.redirected ? new Response(bytes, { headers: answer.headers }) : answer;
}

async function keep() {
  const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX));
  const stores = await Promise.all(names.map((name) => caches.open(name)));
  const cache = await caches.open(KEPT);
  try {
    await fill(cache, stores, [...KNOWN].filter(([address]) => !address.startsWith(GUIDE)));
  } catch (error) {
    await caches.delete(KEPT);
    throw error;
  }
  await fill(cache, stores, [...KNOWN].filter(([address]) => address.startsWith(GUIDE))).catch(() => {});
}

/** Keeps files, a few at a time, so that what the page itself asks for comes too. */
async function fill(cache, stores, wanted) {
  const work = async () => {
    for (let next = wanted.shift(); next; next = wanted.shift()) {
      await cache.put(next[0], await get(...next, stores));
    }
  };
  await Promise.all([work(), work(), work()]);
}

async function tidy() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== KEPT).map((name) => caches.delete(name)));
}

addEventListener('install', (event) => event.waitUntil(keep()));
addEventListener('activate', (event) => event.waitUntil(tidy()));

addEventListener('message', (event) => {
  if (event.data === 'take over') skipWaiting();
  if (event.data === 'version') event.ports[0]?.postMessage(VERSION);
});

addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || !request.url.startsWith(SCOPE) || request.headers.has('range')) return;
  const address = new URL(request.url);
  address.search = '';
  address.hash = '';
  // A folder stands for its page, as at the server.
  const wanted = address.href.endsWith('/') ? `${address.href}index.html` : address.href;
  // Anything else, models above all, goes its way untouched.
  if (!KNOWN.has(wanted)) return;
  event.respondWith(answer(wanted, request));
});

async function answer(wanted, request) {
  const cache = await caches.open(KEPT);
  const found = await cache.match(wanted);
  if (found) return found;
  // The browser has thrown it away: what the server has is as good if it is the same.
  try {
    return await get(wanted, KNOWN.get(wanted), []);
  } catch {
    // Without its page there is no version to be true to, and a guide of another version is better than none.
    return wanted === HOME || wanted.startsWith(GUIDE) ? fetch(request) : Response.error();
  }
}
