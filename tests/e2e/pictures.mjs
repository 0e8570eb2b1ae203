// Pictures of drawings: taken from the page, kept beside the tests, and held against each other.

import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateSync, gzipSync } from 'node:zlib';

const FOLDER = fileURLToPath(new URL('pictures/', import.meta.url));

/**
 * What may differ where a drawing has no text. Squares of pixels are the same everywhere; what smooths the edges of lines
 * differs a little from one Chromium to the next. The share within a block is what a single ring or a line cannot hide from.
 */
export const TOLERANCE = {
  /** A pixel is another one if one of its colours, of 255, is further off. */
  step: 16,
  /** How many of all pixels may be. */
  share: 0.004,
  /** How many of any block of 16 × 16. */
  block: 0.1,
  /** The mean over all pixels and colours, of 255. */
  mean: 0.3,
  /** Fonts differ from machine to machine: of labels it is only held that there is about as much ink. */
  ink: 0.4,
};
const BLOCK = 16;

/** The pixels of a picture, `{ width, height, data }` with red, green, blue and opacity. The browser reads it. */
export async function pixels(page, png) {
  const { width, height, base64 } = await page.evaluate(async (source) => {
    // Not fetched: the page may not connect to anything but its own site.
    const bytes = Uint8Array.from(atob(source), (one) => one.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const { width, height } = image;
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    let text = '';
    for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
    return { width, height, base64: btoa(text) };
  }, png.toString('base64'));
  return { width, height, data: Buffer.from(base64, 'base64') };
}

/** The picture on a canvas, without what the page lays over it, once it is the same twice. */
export const ofCanvas = (page, selector) =>
  settled(page, async () => {
    const url = await page.$eval(selector, (canvas) => canvas.toDataURL('image/png'));
    return Buffer.from(url.slice(url.indexOf(',') + 1), 'base64');
  });

/** The picture of an element as it is seen, once it is the same twice. */
export const ofElement = (page, selector) => settled(page, () => page.locator(selector).screenshot({ animations: 'disabled' }));

async function settled(page, take) {
  let before = await take();
  for (let turn = 0; turn < 40; turn += 1) {
    // Longer than the page rests before it draws exactly what it moved.
    await page.waitForTimeout(150);
    const now = await take();
    if (now.equals(before)) return pixels(page, now);
    before = now;
  }
  throw new Error('The drawing does not come to rest.');
}

/**
 * How two pictures differ within `area`, `[left, top, right, bottom]`, and outside of it, where labels are.
 *
 * @returns {{ size: string | null, share: number, block: number, mean: number, ink: number, faults: string[] }} the shares and
 *   the mean that [TOLERANCE] names, the ink of the second's labels over the first's, and what is wrong, in words
 */
export function compare(expected, actual, area = [0, 0, expected.width, expected.height]) {
  const { width, height } = expected;
  if (width !== actual.width || height !== actual.height) {
    const size = `it is ${actual.width} × ${actual.height} pixels and not ${width} × ${height}`;
    return { size, share: 1, block: 1, mean: 255, ink: 0, faults: [size] };
  }
  const [left, top, right, bottom] = [Math.ceil(area[0]), Math.ceil(area[1]), Math.floor(area[2]), Math.floor(area[3])];
  const across = Math.ceil(width / BLOCK);
  const blocks = new Float64Array(across * Math.ceil(height / BLOCK));
  const inks = [0, 0];
  let [other, sum, count] = [0, 0, 0];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = (y * width + x) * 4;
      const isInside = x >= left && x < right && y >= top && y < bottom;
      let most = 0;
      for (let colour = at; colour < at + 3; colour += 1) {
        // The first pixel of a picture with labels is its ground.
        inks[0] += isInside ? 0 : Math.abs(expected.data[colour] - expected.data[colour - at]);
        inks[1] += isInside ? 0 : Math.abs(actual.data[colour] - expected.data[colour - at]);
        const off = Math.abs(expected.data[colour] - actual.data[colour]);
        most = Math.max(most, off);
        sum += isInside ? off : 0;
      }
      if (!isInside) continue;
      count += 1;
      if (most <= TOLERANCE.step) continue;
      other += 1;
      blocks[Math.floor(y / BLOCK) * across + Math.floor(x / BLOCK)] += 1 / BLOCK ** 2;
    }
  }
  const found = { size: null, share: other / count, block: Math.max(...blocks), mean: sum / count / 3 };
  const ink = inks[0] === 0 ? 1 : inks[1] / inks[0];
  const faults = ['share', 'block', 'mean'].filter((name) => found[name] > TOLERANCE[name])
    .map((name) => `its ${name} is ${found[name].toPrecision(3)}, more than ${TOLERANCE[name]}`);
  if (Math.abs(Math.log(ink)) > Math.log(1 + TOLERANCE.ink)) faults.push(`its labels have ${ink.toPrecision(3)} times the ink`);
  return { ...found, ink, faults };
}

/** Where two pictures differ, in grey from black to white. */
function difference(expected, actual) {
  const { width, height } = expected;
  const data = Buffer.alloc(width * height * 4, 255);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const [to, from] = [(y * width + x) * 4, (y * actual.width + x) * 4];
      const isThere = x < actual.width && y < actual.height;
      const off = [0, 1, 2].map((colour) => (isThere ? Math.abs(expected.data[to + colour] - actual.data[from + colour]) : 255));
      data.fill(Math.max(...off), to, to + 3);
    }
  }
  return { width, height, data };
}

/** The PNG file of a picture, as small as it gets without looking for long: a palette where there are few colours. */
export function encode({ width, height, data }) {
  const colours = new Map();
  for (let at = 0; at < data.length; at += 4) {
    const colour = data.readUIntBE(at, 3);
    if (!colours.has(colour)) colours.set(colour, colours.size);
  }
  const isFew = colours.size <= 256;
  const wide = isFew ? 1 : 3;
  const lines = Buffer.alloc(height * (1 + width * wide));
  for (let at = 0; at < width * height; at += 1) {
    const to = Math.floor(at / width) * (1 + width * wide) + 1 + (at % width) * wide;
    if (isFew) lines[to] = colours.get(data.readUIntBE(at * 4, 3));
    else data.copy(lines, to, at * 4, at * 4 + 3);
  }
  const chunk = (name, inside) => {
    const named = Buffer.concat([Buffer.from(name), inside]);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(inside.length);
    // A file of gzip ends with the same checksum, its bytes the other way round, and a size.
    return Buffer.concat([size, named, gzipSync(named).subarray(-8, -4).reverse()]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, isFew ? 3 : 2], 8);
  const palette = Buffer.from([...colours.keys()].flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    ...(isFew ? [chunk('PLTE', palette)] : []),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** The committed picture of that name. */
export async function committed(page, name) {
  return pixels(page, await readFile(join(FOLDER, `${name}.png`)));
}

let written;

/**
 * Holds a picture against the committed one of that name, or commits it where `HEADLIGHT_PICTURES` is `write`.
 *
 * @returns what [compare] found
 */
export async function hold(page, name, actual, area) {
  if (process.env.HEADLIGHT_PICTURES === 'write') {
    await mkdir(FOLDER, { recursive: true });
    await writeFile(join(FOLDER, `${name}.png`), encode(actual));
  }
  const expected = await committed(page, name);
  const found = compare(expected, actual, area);
  if (found.faults.length > 0) {
    written ??= await mkdtemp(join(tmpdir(), 'headlight-pictures-'));
    await writeFile(join(written, `${name}.png`), encode(actual));
    await writeFile(join(written, `${name}.difference.png`), encode(difference(expected, actual)));
    throw new Error(
      `The drawing ${name} is not the one in tests/e2e/pictures: ${found.faults.join('; ')}. As it is now, and where it differs: ` +
        `${written}. If it is meant to be so, HEADLIGHT_PICTURES=write takes it over.`,
    );
  }
  return found;
}
