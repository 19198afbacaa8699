/** Windows that slide over rows and columns: of a convolution, of a pooling. */

/** Rows and columns of an image. */
export interface ImageSize {
  readonly height: number
  readonly width: number
}

type Pair = readonly [rows: number, columns: number]

/** Pixels that are put before and behind: top, left, bottom, right. */
export type Padding = readonly [top: number, left: number, bottom: number, right: number]

export interface Pooling {
  readonly kernel: Pair
  readonly stride: Pair
  readonly padding: Padding
}

export interface Convolution extends Pooling {
  readonly dilation: number
  readonly groups: number
}

/** As an architecture says it; a number stands for both axes, or for all four sides. */
export interface WindowSettings {
  readonly kernel: number
  readonly stride?: number
  /** On each side, or `same`: TensorFlow's, so that each stride gives one value, the odd pixel behind. */
  readonly padding?: number | 'same'
  readonly dilation?: number
}

/** Pads like TensorFlow's `SAME`: ceil(size / stride) values, and where the padding is odd one pixel more behind than before. */
function samePadding(size: number, kernel: number, stride: number, dilation: number): Pair {
  const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + dilation * (kernel - 1) + 1 - size)
  return [Math.floor(total / 2), Math.ceil(total / 2)]
}

/** A window over an image, and the size of what it gives. Throws, with the path, where it does not fit. */
export function placeWindow(
  { kernel, stride = 1, padding = 0, dilation = 1 }: WindowSettings,
  { height, width }: ImageSize,
  path: string,
): { readonly window: Pooling & { readonly dilation: number }; readonly size: readonly [number, number] } {
  const sides = (size: number) =>
    padding === 'same' ? samePadding(size, kernel, stride, dilation) : ([padding, padding] as const)
  const [[top, bottom], [left, right]] = [sides(height), sides(width)]
  const reach = dilation * (kernel - 1) + 1
  const count = (size: number, before: number, behind: number) =>
    Math.floor((size + before + behind - reach) / stride) + 1
  const size = [count(height, top, bottom), count(width, left, right)] as const
  if (size.some(each => each < 1)) throw new Error(`${path}: a window of ${reach} over ${height} x ${width} pixels`)
  return {
    window: { kernel: [kernel, kernel], stride: [stride, stride], padding: [top, left, bottom, right], dilation },
    size,
  }
}
