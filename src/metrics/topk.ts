/** A row's two largest logits. -1 and -Infinity where the row has none (one token only, or all NaN). */
export interface TopTwo {
  token: number
  logit: number
  runnerUp: number
  runnerUpLogit: number
}

/**
 * The largest and second largest logit of a row with their tokens.
 *
 * `row`: [vocabulary]. Of equal logits the lower token comes first; NaN is never among them.
 */
export function topTwo(row: Float32Array): TopTwo {
  const top = new TopK(2)
  top.select(row, 0, row.length)
  return {
    token: top.tokens[0] ?? -1,
    logit: top.logits[0] ?? -Infinity,
    runnerUp: top.tokens[1] ?? -1,
    runnerUpLogit: top.logits[1] ?? -Infinity,
  }
}

/** The k largest logits of one row after another, largest first; of equal ones the lower token first. No NaN. */
export class TopK {
  /** [k]; -1 past the end of a row with fewer than k numbers. */
  readonly tokens: Int32Array
  /** [k]; -Infinity there. */
  readonly logits: Float64Array

  constructor(k: number) {
    this.tokens = new Int32Array(k)
    this.logits = new Float64Array(k)
  }

  /** Selects from elements start to end (exclusive) of `values`; token 0 is at start. */
  select(values: Float32Array, start: number, end: number): void {
    this.tokens.fill(-1)
    this.logits.fill(-Infinity)
    const last = this.logits.length - 1
    for (let i = firstAbove(values, start, end, -Infinity); i < end; ) {
      this.#insert(values[i] ?? Number.NaN, i - start)
      i = firstAbove(values, i + 1, end, this.logits[last] ?? Number.NaN)
    }
    if (this.tokens[last] === -1) this.#fillWithMasked(values, start, end)
  }

  /** How many of the first k tokens are among the first k of the other, in any order. */
  overlap(other: TopK, k: number): number {
    let shared = 0
    for (let i = 0; i < k; i++) {
      const token = this.tokens[i] ?? -1
      const at = other.tokens.indexOf(token)
      if (token >= 0 && at >= 0 && at < k) shared++
    }
    return shared
  }

  #insert(logit: number, token: number): void {
    let at = this.logits.length - 1
    for (; at > 0 && (this.logits[at - 1] ?? Number.NaN) < logit; at--) {
      this.logits[at] = this.logits[at - 1] ?? Number.NaN
      this.tokens[at] = this.tokens[at - 1] ?? -1
    }
    this.logits[at] = logit
    this.tokens[at] = token
  }

  /** A masked logit is -Infinity, which is above no threshold. */
  #fillWithMasked(values: Float32Array, start: number, end: number): void {
    let at = this.tokens.indexOf(-1)
    for (let i = start; i < end && at < this.tokens.length; i++) {
      if (values[i] === -Infinity) this.tokens[at++] = i - start
    }
  }
}

/** A loop of its own: with the insertion inside, the scan of a row took three times as long in V8. */
function firstAbove(values: Float32Array, start: number, end: number, threshold: number): number {
  let i = start
  while (i < end && !((values[i] ?? Number.NaN) > threshold)) i++
  return i
}
