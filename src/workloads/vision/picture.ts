/** An image of a dataset as a report shows it. */
import type { Picture, PictureBox } from '../../events/result.ts'
import type { ImageSource } from './dataset.ts'
import { loadImage } from './prepare.ts'
import { CHANNELS } from './raster.ts'

const QUALITY = 80

/**
 * The image within a square of `most` px a side, never larger than it is, with boxes in its own px.
 * Throws AssayError('image-invalid') where it cannot be read.
 */
export async function pictureOf(source: ImageSource, most: number, boxes: readonly PictureBox[]): Promise<Picture> {
  const { raster } = await loadImage(source)
  const { default: sharp } = await import('sharp')
  const { width, height, data } = raster
  const { data: bytes, info } = await sharp(data, { raw: { width, height, channels: CHANNELS } })
    .resize(most, most, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: QUALITY })
    .toBuffer({ resolveWithObject: true })
  const [across, down] = [info.width / width, info.height / height]
  return {
    url: `data:image/webp;base64,${bytes.toString('base64')}`,
    width: info.width,
    height: info.height,
    boxes: boxes.map(found => {
      const [x1, y1, x2, y2] = found.box
      return { ...found, box: [x1 * across, y1 * down, x2 * across, y2 * down] }
    }),
  }
}
