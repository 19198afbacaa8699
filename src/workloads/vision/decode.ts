/** From an image file to RGB px, as Pillow's `convert('RGB')` gives them, upright by its EXIF orientation. */
import { AssayError } from '../../errors.ts'
import { CHANNELS, type Raster } from './raster.ts'

/** Above this an image is refused, as Pillow does with twice its `MAX_IMAGE_PIXELS`: a small file may unpack to a terabyte. */
export const MOST_PIXELS = 2 * 89_478_485

/** Decodes a file's bytes. Throws AssayError('image-invalid') naming the file. */
export async function decodeImage(bytes: Uint8Array, where: string): Promise<Raster> {
  if (bytes.length === 0) throw invalid('the file is empty', where)
  // It loads a native library, which no model of words needs.
  const { default: sharp } = await import('sharp')
  try {
    const image = sharp(bytes, { ignoreIcc: true, failOn: 'truncated', limitInputPixels: MOST_PIXELS })
    const { space, hasAlpha } = await image.metadata()
    const isCmyk = space === 'cmyk'
    const plain = hasAlpha ? image.autoOrient().removeAlpha() : image.autoOrient()
    const coloured = isCmyk ? plain.pipelineColourspace('cmyk').toColourspace('cmyk') : plain.toColourspace('srgb')
    const { data, info } = await coloured.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true })
    return { width: info.width, height: info.height, data: rgb(data, info.channels, isCmyk) }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (/pixel limit/i.test(message))
      throw invalid(`the image has more than ${MOST_PIXELS} px`, where, 'make it smaller, or leave it out')
    throw invalid(`the image cannot be read: ${message.split('\n')[0]?.trim() ?? ''}`, where)
  }
}

function invalid(message: string, where: string, hint = 'replace the file, or take it out of the dataset'): AssayError {
  return new AssayError('image-invalid', message, { where, hint })
}

/** Interleaved samples of one, three or four channels as RGB. */
function rgb(data: Uint8Array, channels: number, isCmyk: boolean): Uint8Array {
  if (channels === CHANNELS) return data
  const count = data.length / channels
  const out = new Uint8Array(count * CHANNELS)
  for (let px = 0; px < count; px++)
    for (let channel = 0; channel < CHANNELS; channel++) {
      const at = px * channels
      const value = data[at + (channels > 2 ? channel : 0)] ?? 0
      out[px * CHANNELS + channel] = isCmyk ? ofInk(value, data[at + CHANNELS] ?? 0) : value
    }
  return out
}

/** What white leaves of a colour under its ink and black, as Pillow has it (libImaging/Convert.c, cmyk2rgb). */
function ofInk(ink: number, black: number): number {
  const light = 255 - black
  const product = ink * light + 128
  return Math.min(255, Math.max(0, light - ((product + (product >> 8)) >> 8)))
}
