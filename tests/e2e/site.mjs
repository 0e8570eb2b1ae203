// The site and a browser without WebGPU, for all tests of a file: there before the first and gone after the last.

import { after, before } from 'node:test';

import { launch } from './browser.mjs';
import { serve } from './server.mjs';

/** The server of the site. */
export let server;
/** The browser. */
export let browser;

before(async () => {
  server = await serve();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await server?.close();
});
