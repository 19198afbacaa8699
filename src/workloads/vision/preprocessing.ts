/** From an image's size to a model's input: how it is resized, cut or padded, and normalised. Pure. */
import type { ImageSize } from '../../graph/index.ts'
import type { Kernel, Size } from './resample.ts'

/** How an image of any size becomes one of the model's. */
export type Fit =
  /** As it is; it must have the model's size. */
  | { readonly kind: 'none' }
  /** To exactly the size, whatever its ratio. */
  | { readonly kind: 'stretch'; readonly to: Size }
  /** Its shorter side to so many px, the ratio kept. */
  | { readonly kind: 'shortest'; readonly px: number }
  /** As large as fits, the ratio kept; `centred` between the borders, else in the left upper corner. */
  | { readonly kind: 'within'; readonly isCentred: boolean }

export interface Preprocessing {
  readonly fit: Fit
  readonly kernel: Kernel
  /** What is cut out of the middle afterwards; null where nothing is. */
  readonly crop: Size | null
  /** Where the middle is when half a px is over: downwards, as Hugging Face's processors have it, or to the even number, as torchvision does. */
  readonly middle: 'floor' | 'even'
  /** The value of a px is multiplied by this first. */
  readonly rescale: number
  readonly mean: readonly number[]
  readonly std: readonly number[]
  /** What stands where the image does not reach: a value of 0 to 255, or the mean. */
  readonly fill: number | 'mean'
  /** Where this comes from, for people. */
  readonly source: string
}

/** Where an image comes to lie in the model's input, in px of the input. */
export interface Placed {
  /** The whole image, resized. */
  readonly size: Size
  /** Of its left upper corner; below 0 where it is cut. */
  readonly left: number
  readonly top: number
}

/** Where an image of a size lies in the input. Null where it is not resized and is of another size. */
export function placeImage({ fit, crop, middle }: Preprocessing, image: Size, input: ImageSize): Placed | null {
  const size = resized(fit, image, input)
  if (fit.kind === 'none' && crop === null && (size.width !== input.width || size.height !== input.height)) return null
  if (fit.kind === 'within' && !fit.isCentred) return { size, left: 0, top: 0 }
  if (fit.kind === 'within') {
    // ultralytics, LetterBox: round(dh - 0.1), so that the odd px is below and on the right.
    const border = (room: number) => Math.max(0, Math.round(room / 2 - 0.1))
    return { size, left: border(input.width - size.width), top: border(input.height - size.height) }
  }
  return {
    size,
    left: 0 - before(size.width - input.width, middle),
    top: 0 - before(size.height - input.height, middle),
  }
}

/** Of so many px too many, those that are cut on the left; where px lack, minus those that are added there. */
function before(over: number, middle: Preprocessing['middle']): number {
  if (middle === 'floor') return Math.floor(over / 2)
  return over < 0 ? Math.ceil(over / 2) : roundHalfEven(over / 2)
}

function resized(fit: Fit, { width, height }: Size, input: ImageSize): Size {
  switch (fit.kind) {
    case 'none':
      return { width, height }
    case 'stretch':
      return fit.to
    case 'shortest':
      // torchvision and Hugging Face round the longer side down.
      return width <= height
        ? { width: fit.px, height: Math.trunc((fit.px * height) / width) }
        : { width: Math.trunc((fit.px * width) / height), height: fit.px }
    case 'within': {
      const ratio = Math.min(input.width / width, input.height / height)
      const px = (length: number) => Math.max(1, Math.round(length * ratio))
      return { width: Math.min(input.width, px(width)), height: Math.min(input.height, px(height)) }
    }
  }
}

/** Python's `round`. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value)
  if (value - floor !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

/** A box of the input, in px of the original image; it may reach beyond it. */
export function toOriginal(
  [x1, y1, x2, y2]: readonly [number, number, number, number],
  { size, left, top }: Placed,
  original: Size,
): [number, number, number, number] {
  const [across, down] = [original.width / size.width, original.height / size.height]
  return [(x1 - left) * across, (y1 - top) * down, (x2 - left) * across, (y2 - top) * down]
}
