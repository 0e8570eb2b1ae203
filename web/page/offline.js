// What the page asks of its service worker, and hears of it. States: `off` (none here), `keeping`, `kept`, `failed`, `new` (another
// version is kept and waits) and `none` (the browser or the server has no such thing).

/** Where a page says to the one after it that it was kept. */
const AGAIN = 'headlight.keep';
const script = () => new URL('service-worker.js', document.baseURI);
let tell = () => {};
let version = '';

/** Which version a worker keeps; nothing where it does not say. */
const versionOf = (worker) =>
  new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = ({ data }) => resolve(data);
    setTimeout(() => resolve(undefined), 3000);
    worker.postMessage('version', [channel.port2]);
  });

async function look(registration) {
  const { installing, waiting, active } = registration;
  if (waiting && active) return tell('new');
  if (installing && !active) return tell('keeping');
  const worker = active ?? waiting;
  if (!worker) return tell('failed');
  const kept = await versionOf(worker);
  // A server for development answers with one that keeps nothing.
  if (!kept) return tell('none');
  return tell(kept === version ? 'kept' : 'new');
}

function follow(registration) {
  const watch = (worker) => worker?.addEventListener('statechange', () => look(registration));
  watch(registration.installing);
  registration.addEventListener('updatefound', () => watch(registration.installing));
  let last = Date.now();
  document.addEventListener('visibilitychange', () => {
    // A tab that stays open for days hears of a new version, too.
    if (document.hidden || Date.now() - last < 3_600_000) return;
    last = Date.now();
    registration.update().catch(() => {});
  });
  look(registration);
}

/** Begins to listen. A build without a version keeps nothing, and lets go of what one before it kept. */
export async function watchOffline(own, callback) {
  version = own;
  tell = callback;
  try {
    const workers = navigator.serviceWorker;
    if (!workers) return tell('none');
    // Somebody asked for the new version, here or in another tab: its page belongs to it.
    if (own) workers.addEventListener('controllerchange', () => location.reload());
    const registration = (await workers.getRegistrations()).find((one) => one.scope === new URL('.', script()).href);
    if (registration && own) return follow(registration);
    await registration?.unregister();
    if (own && sessionStorage.getItem(AGAIN)) {
      sessionStorage.removeItem(AGAIN);
      return keepOffline();
    }
    return tell(own ? 'off' : 'none');
  } catch {
    // A page in a frame without an origin may not even ask.
    return tell('none');
  }
}

/** Keeps the page. */
export async function keepOffline() {
  if (!navigator.serviceWorker || !version) return;
  try {
    tell('keeping');
    follow(await navigator.serviceWorker.register(script()));
  } catch {
    tell('failed');
  }
}

/** Goes over to the version that waits, or reloads where it is in charge already. */
export async function takeNewVersion() {
  const registration = await navigator.serviceWorker.getRegistration(script());
  if (registration?.waiting) {
    registration.waiting.postMessage('take over');
    await new Promise((resolve) => setTimeout(resolve, 3000));
    // A browser waits until the old worker has nothing to do, which may be minutes. Then the page comes from the server, which has
    // the new version, and keeps itself anew out of what was kept.
    const there = await fetch(script(), { method: 'HEAD', cache: 'no-store' }).then(({ ok }) => ok, () => false);
    if (there) {
      sessionStorage.setItem(AGAIN, '1');
      await registration.unregister();
    }
  }
  location.reload();
}
