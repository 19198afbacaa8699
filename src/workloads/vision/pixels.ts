/** An image as a model takes it: resized, cut or padded, normalised. Pure. */
import type { ImageSize } from '../../graph/index.ts'
import { type Placed, type Preprocessing, placeImage } from './preprocessing.ts'
import { CHANNELS, type Raster, type Window } from './raster.ts'
import { resize } from './resample.ts'

export interface Pixels {
  /** f32 [3, height, width] */
  readonly values: Float32Array
  readonly placed: Placed
}

/** Null where the image has another size than the model takes, and nothing resizes it. */
export function toPixels(image: Raster, how: Preprocessing, input: ImageSize): Pixels | null {
  const placed = placeImage(how, image, input)
  if (placed === null) return null
  const window = visible(placed, input)
  const seen = resize(image, placed.size, how.kernel, window)
  const plane = input.height * input.width
  const values = new Float32Array(CHANNELS * plane)
  for (let channel = 0; channel < CHANNELS; channel++) {
    const normalised = normalisedValues(how, channel)
    if (seen.width * seen.height < plane)
      values.fill(how.fill === 'mean' ? 0 : (normalised[how.fill] ?? 0), channel * plane, (channel + 1) * plane)
    for (let y = 0; y < seen.height; y++) {
      const at = channel * plane + (y + window.top + placed.top) * input.width + window.left + placed.left
      const from = y * seen.width * CHANNELS + channel
      for (let x = 0; x < seen.width; x++) values[at + x] = normalised[seen.data[from + x * CHANNELS] ?? 0] ?? 0
    }
  }
  return { values, placed }
}

/** The part of the resized image that lies within the input. */
function visible({ size, left, top }: Placed, input: ImageSize): Window {
  return {
    left: Math.max(0, -left),
    top: Math.max(0, -top),
    right: Math.max(0, Math.min(size.width, input.width - left)),
    bottom: Math.max(0, Math.min(size.height, input.height - top)),
  }
}

/** What each of the 256 values of a channel becomes, rounded to fp32 at each step as torch and NumPy do. */
function normalisedValues({ rescale, mean, std }: Preprocessing, channel: number): Float32Array {
  const [average, deviation] = [Math.fround(mean[channel] ?? 0), Math.fround(std[channel] ?? 1)]
  return Float32Array.from(
    { length: 256 },
    (_, value) => Math.fround(Math.fround(value * rescale) - average) / deviation,
  )
}
