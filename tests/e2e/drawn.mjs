// What a drawing that was saved has to be, as SVG and as a picture.

import assert from 'node:assert/strict';

/** The texts of a drawing, which has to be XML that loads nothing, and its size. */
export async function drawing(page, bytes) {
  const svg = bytes.toString('utf8');
  const found = await page.evaluate((svg) => {
    const read = new DOMParser().parseFromString(svg, 'image/svg+xml');
    const broken = read.querySelector('parsererror');
    if (broken) throw new Error(broken.textContent);
    const of = (name) => [...read.querySelectorAll(name)];
    return {
      texts: of('text').map((one) => one.textContent), title: of('svg > title')[0].textContent,
      size: [read.documentElement.width.baseVal.value, read.documentElement.height.baseVal.value],
      loads: of('[href]').map((one) => one.getAttribute('href').slice(0, 22)), styles: of('[style], style').length,
    };
  }, svg);
  assert.ok(found.title.length > 0 && found.styles === 0);
  assert.ok(found.loads.every((href) => href === 'data:image/png;base64,'), found.loads.join());
  return found;
}

/** A picture has the size that is wanted and something on it, light or dark. */
export async function picture(page, bytes, [width, height], isDark = false) {
  assert.equal(bytes.subarray(1, 4).toString(), 'PNG');
  assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [width * 2, height * 2]);
  const found = await page.evaluate(async (data) => {
    const image = await createImageBitmap(new Blob([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], { type: 'image/png' }));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const { data: pixels } = context.getImageData(0, 0, image.width, image.height);
    const colours = new Set();
    for (let at = 0; at < pixels.length; at += 4) colours.add((pixels[at] << 16) | (pixels[at + 1] << 8) | pixels[at + 2]);
    return { colours: colours.size, corner: pixels[0] };
  }, bytes.toString('base64'));
  assert.ok(found.colours > 10, `${found.colours} colours`);
  assert.equal(found.corner < 128, isDark);
}
