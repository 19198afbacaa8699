/** Pixels of an image in memory: RGB, 8 bits each, row by row, interleaved. */
export interface Raster {
  readonly width: number
  readonly height: number
  /** [height, width, 3] */
  readonly data: Uint8Array
}

/** Red, green, blue. */
export const CHANNELS = 3

/** Part of an image, in its own px: columns [left, right), rows [top, bottom). */
export interface Window {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}
