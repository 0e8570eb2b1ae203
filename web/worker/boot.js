// Starts the engine in its worker: what only JavaScript can do before the wasm module runs.
import init, { receive, probe, bench } from './headlight_worker.js';

// One turn of the event loop, so that a cancellation can arrive while the engine computes. A message channel has no
// minimum delay, unlike a timer.
const channel = new MessageChannel();
const waiting = [];
channel.port1.onmessage = () => waiting.shift()?.();
globalThis.headlightPause = () => new Promise((resolve) => {
  waiting.push(resolve);
  channel.port2.postMessage(0);
});

// burn keeps its device to itself, so it is met where it is made: a lost device and a shader error that nobody caught
// (whose outputs would be garbage) both end the session.
const ended = (message) => postMessage({ json: JSON.stringify({ device_lost: { message } }), arrays: [] });
// A panic leaves the module in no state to go on; without this the page would wait for an answer for ever.
addEventListener('error', (event) => ended(`The engine stopped (${event.message}).`));
addEventListener('unhandledrejection', (event) => ended(`The engine stopped (${event.reason?.message ?? event.reason}).`));

if (globalThis.GPUAdapter) {
  const requestDevice = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await requestDevice.apply(this, args);
    globalThis.headlightDevice = device;
    device.lost.then((info) => ended(`The graphics device was lost (${info.message || info.reason || 'no reason given'}).`));
    device.addEventListener('uncapturederror', (event) => ended(`The graphics device reported an error (${event.error.message.split('\n')[0]}).`));
    return device;
  };
}

// What burn needs of an adapter. It panics where one of these is missing, so they are asked for first.
globalThis.headlightAdapter = async () => {
  if (!navigator.gpu) return { obstacle: 'this browser has no WebGPU' };
  const adapter = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) return { obstacle: 'the browser found no graphics adapter' };
  if (!adapter.features.has('timestamp-query')) return { obstacle: 'the graphics adapter lacks timestamp-query' };
  const { vendor, architecture, description } = adapter.info ?? {};
  return { name: description || [vendor, architecture].filter(Boolean).join(' ') };
};

const ready = init();
globalThis.headlightProbe = async () => { await ready; return JSON.parse(await probe()); };
globalThis.headlightBench = async (...what) => { await ready; return [...await bench(...what)]; };
ready.catch((error) => ended(`The engine could not be started (${error?.message ?? error}).`));
onmessage = async ({ data }) => { await ready; receive(data.json, data.files ?? []); };
