/** A photo is sent at most so long and so large; the server makes it anew besides. */
export const EDGE = 1600;
export const MOST_BYTES = 400 * 1024;
export const MOST_PHOTOS = 6;
const QUALITIES = [0.82, 0.7, 0.55, 0.4];
const SHRINK = 0.75;

/** What was chosen is no picture that a browser can read. */
export class NotAPhoto extends Error {}

/**
 * Return a chosen picture as JPEG of at most 1600 pixels and 400 KB, upright, without what the camera wrote into it:
 * drawing it anew leaves place, time and maker behind. Refuses with NotAPhoto what is no picture.
 */
export async function shrunk(file: Blob): Promise<Blob> {
  const picture = await read(file);
  let scale = Math.min(1, EDGE / Math.max(picture.width, picture.height));
  for (;;) {
    const canvas = drawn(picture, scale);
    for (const quality of QUALITIES) {
      const made = await written(canvas, quality);
      if (made.size <= MOST_BYTES) return made;
    }
    scale *= SHRINK;
  }
}

async function read(file: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    throw new NotAPhoto();
  }
}

function drawn(picture: ImageBitmap, scale: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}

function written(canvas: HTMLCanvasElement, quality: number): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((made) => (made === null ? reject(new NotAPhoto()) : resolve(made)), 'image/jpeg', quality);
  });
}

/** A picture as text, as it is kept sealed on the device. */
export async function asText(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

export function fromText(text: string): Blob {
  const plain = atob(text);
  return new Blob([Uint8Array.from(plain, (sign) => sign.charCodeAt(0))], { type: 'image/jpeg' });
}
