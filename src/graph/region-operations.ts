/** What a detector does with regions of an image, as data. */

/** Greedy non-maximum suppression: the best box stays, and those that overlap it by more than `iou` go, until none is left. */
export interface Suppression {
  /** Intersection over union above which the lower score goes. */
  readonly iou: number
  /** Boxes whose score is not above it are left out; null keeps all. */
  readonly score: number | null
  /** Boxes with a shorter side, in px, are left out. */
  readonly leastSide: number
  /** The most boxes that stay in each group. */
  readonly most: number
}

/** RoIAlign (arXiv:1703.06870, section 3) without the shift by half a pixel that later versions have. */
export interface RoiPooling {
  /** Rows and columns that each region gives. */
  readonly size: number
  /** Pixels of the features for each pixel of the boxes. */
  readonly scale: number
  /** Points by row and by column that are averaged for each value. */
  readonly samples: number
}

export type RegionOperation =
  | { readonly kind: 'exp' }
  /** A float as one that stays in fp32. */
  | { readonly kind: 'exact' }
  /** Where the largest values of a vector are, the largest first. */
  | { readonly kind: 'topK'; readonly most: number }
  /** Rows of the first input; each further input is an index into one more of its leading axes. */
  | { readonly kind: 'rowsAt' }
  /** Where a vector lies in [from, below). */
  | { readonly kind: 'indicesWhere'; readonly from: number; readonly below: number }
  | { readonly kind: 'nonMaxSuppression'; readonly suppression: Suppression }
  | { readonly kind: 'roiAlign'; readonly pooling: RoiPooling }
