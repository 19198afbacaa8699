/** What static quantisation knows of a model's activations. */

/** The least and the largest value of a tensor. */
export interface Range {
  readonly least: number
  readonly most: number
}

/** By the keys of `rangeKeys`. */
export type Ranges = Pick<ReadonlyMap<string, Range>, 'get'>

/** Whether activations are rounded: by ranges that are known, or not yet, since their ranges are to be seen first. */
export type Rounding = { readonly kind: 'static'; readonly ranges: Ranges } | { readonly kind: 'observe' }
