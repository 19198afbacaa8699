/** x1, y1, x2, y2 in px: the left upper and the right lower corner. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number]

/** A box that a detector found. */
export interface Detection {
  readonly box: Box
  readonly score: number
  readonly label: number
}

/** In px²; 0 for a box that ends before it begins. */
export function boxArea([x1, y1, x2, y2]: Box): number {
  return Math.max(0, x2 - x1) * Math.max(0, y2 - y1)
}

/** The area that two boxes share, in px². */
export function sharedArea(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0])
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1])
  return width > 0 && height > 0 ? width * height : 0
}

/**
 * Intersection over union, 0 to 1; 0 where the boxes share no area.
 * Source: M. Everingham et al., The PASCAL Visual Object Classes Challenge, IJCV 88, 2010, section 4.2.
 */
export function iou(a: Box, b: Box): number {
  const shared = sharedArea(a, b)
  return shared === 0 ? 0 : shared / (boxArea(a) + boxArea(b) - shared)
}

/** The largest difference of a coordinate, in px. */
export function coordinateDifference(a: Box, b: Box): number {
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN))))
}
