/**
 * What a language model's passes ask of a device, and how much of the device's measured limits they reach.
 *
 * Work is the least that the model itself asks for: 2 FLOP for each parameter of a matrix product and token, and for attention 4
 * FLOP for each query feature and position that it looks at (a product with the keys, one with the values); J. Kaplan et al.,
 * arXiv:2001.08361, section 2.1, and A. Chowdhery et al. (PaLM), arXiv:2204.02311, appendix B, forward pass alone. They let a token
 * look at the whole context; here a token looks at itself and those before it, as a causal one does. Norms, activations, rotation and
 * softmax are left out, as there. Bytes moved: the weights that a pass reads, once, and keys and values, once each.
 */

/** A model as its passes cost. */
export interface ModelCost {
  /** Parameters of the matrix products that every token goes through. */
  readonly productParameters: number
  /** Parameters of the product that gives the logits: only tokens whose logits are wanted go through it. */
  readonly headParameters: number
  /** Query heads x their features, summed over the layers. */
  readonly attentionFeatures: number
  /** Bytes of weights that one pass reads, as they are stored. */
  readonly passWeightBytes: number
  /** Keys and values of one token in all layers. */
  readonly cacheBytesPerToken: number
}

export interface Work {
  readonly flops: number
  readonly bytes: number
}

/** What a device was measured to give at most. */
export interface Ceilings {
  readonly flopsPerSecond: number | null
  readonly bytesPerSecond: number | null
}

/** What keeps a pass from being faster. */
export type Bound = 'arithmetic' | 'bandwidth' | 'overhead'

export interface Roofline extends Work {
  readonly ms: number
  /** FLOP for each byte moved. */
  readonly intensity: number
  /** Model FLOP/s over the measured ceiling (MFU), and bytes/s over theirs (MBU); null where that was not measured. */
  readonly mfu: number | null
  readonly mbu: number | null
  readonly bound: Bound | null
}

/** One pass of `batch` rows over `tokens` new tokens behind `past` old ones; logits of one position a row. */
function passWork(cost: ModelCost, batch: number, past: number, tokens: number): Work {
  const looks = tokens * past + (tokens * (tokens + 1)) / 2
  return {
    flops: batch * (2 * (cost.productParameters * tokens + cost.headParameters) + 4 * cost.attentionFeatures * looks),
    bytes: cost.passWeightBytes + batch * cost.cacheBytesPerToken * (past + tokens),
  }
}

function sum(works: readonly Work[]): Work {
  return works.reduce((total, { flops, bytes }) => ({ flops: total.flops + flops, bytes: total.bytes + bytes }), {
    flops: 0,
    bytes: 0,
  })
}

/** The prefill of a prompt in passes of `chunk` tokens. */
export function prefillWork(cost: ModelCost, batch: number, inputTokens: number, chunk = inputTokens): Work {
  const passes: Work[] = []
  for (let past = 0; past < inputTokens; past += chunk)
    passes.push(passWork(cost, batch, past, Math.min(chunk, inputTokens - past)))
  // Only the last pass has to give logits.
  const needless = Math.max(0, passes.length - 1) * 2 * batch * cost.headParameters
  const { flops, bytes } = sum(passes)
  return { flops: flops - needless, bytes }
}

/** The steps after the first token. */
export function decodeWork(cost: ModelCost, batch: number, inputTokens: number, outputTokens: number): Work {
  return sum(Array.from({ length: outputTokens - 1 }, (_, step) => passWork(cost, batch, inputTokens + step, 1)))
}

/** Below this share of both ceilings neither binds: docs/metrics.md. */
const OVERHEAD_BELOW = 0.1

/**
 * Work done in `ms` against a device's ceilings. The nearer ceiling binds: MFU over MBU is the intensity over that of the ridge,
 * where the two limits meet (S. Williams et al., Roofline, CACM 52(4), 2009). Where only one ceiling is known, none is named.
 */
export function roofline({ flops, bytes }: Work, ms: number, { flopsPerSecond, bytesPerSecond }: Ceilings): Roofline {
  const share = (amount: number, ceiling: number | null) =>
    ceiling === null || ms <= 0 ? null : amount / (ms / 1000) / ceiling
  const mfu = share(flops, flopsPerSecond)
  const mbu = share(bytes, bytesPerSecond)
  return { flops, bytes, ms, intensity: flops / bytes, mfu, mbu, bound: boundOf(mfu, mbu) }
}

function boundOf(mfu: number | null, mbu: number | null): Bound | null {
  if (mfu === null || mbu === null) return null
  if (mfu < OVERHEAD_BELOW && mbu < OVERHEAD_BELOW) return 'overhead'
  return mfu > mbu ? 'arithmetic' : 'bandwidth'
}
