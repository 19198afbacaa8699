/** One image of a dataset from its file to a model's input. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { AssayError } from '../../errors.ts'
import type { ImageSize } from '../../graph/index.ts'
import type { ImageSource } from './dataset.ts'
import { decodeImage } from './decode.ts'
import { toPixels } from './pixels.ts'
import type { Placed, Preprocessing } from './preprocessing.ts'
import type { Raster } from './raster.ts'
import type { Size } from './resample.ts'
import { drawSeeded } from './seeded.ts'

export interface Recipe {
  readonly preprocessing: Preprocessing
  readonly input: ImageSize
}

/** Plain data, since threads hand it back. */
export interface Prepared {
  /** f32 [3, height, width] */
  readonly values: Float32Array
  /** Of the file; of the px where there is none. */
  readonly sha256: Uint8Array
  /** Of the image before it was resized, upright. */
  readonly original: Size
  readonly placed: Placed
}

/** Throws AssayError('image-invalid') naming the file. */
export async function prepareImage(source: ImageSource, { preprocessing, input }: Recipe): Promise<Prepared> {
  const { raster, sha256 } = await loadImage(source)
  const pixels = toPixels(raster, preprocessing, input)
  const { width, height } = raster
  if (pixels !== null) return { ...pixels, sha256, original: { width, height } }
  throw new AssayError(
    'image-invalid',
    `the image has ${height} x ${width} px and the model takes ${input.height} x ${input.width}; ${preprocessing.source} resizes nothing`,
    { where: placeOf(source), hint: 'do_resize and size in preprocessor_config.json say how images are resized' },
  )
}

/** An image's px, and the sha256 of its file. */
export async function loadImage(source: ImageSource): Promise<{ raster: Raster; sha256: Uint8Array }> {
  if (source.kind === 'seeded') {
    const raster = drawSeeded(source.seed, source.size)
    return { raster, sha256: sha256(raster.data) }
  }
  const bytes = await readFile(source.path).catch((error: Error) => {
    throw new AssayError('image-invalid', `the image cannot be read: ${error.message}`, { where: source.path })
  })
  return { raster: await decodeImage(bytes, source.path), sha256: sha256(bytes) }
}

function placeOf(source: ImageSource): string {
  return source.kind === 'file' ? source.path : `seed ${source.seed}`
}

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest())
