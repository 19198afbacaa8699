/**
 * Every default threshold, each with its source. The gates that the field uses stand in docs/metrics.md.
 *
 * "Seen" is what a healthy device gave: SmolLM2-135M (30 layers), 135 positions of plain text, against fp32.
 */
import type { Threshold } from '../events/result.ts'
import type { Precision } from '../words.ts'

const atMost = (limit: number, source: string): Threshold => ({ limit, comparison: 'at-most', source })
const atLeast = (limit: number, source: string): Threshold => ({ limit, comparison: 'at-least', source })
const equal = (limit: number, source: string): Threshold => ({ limit, comparison: 'equal', source })

const INT4_ERROR = atMost(
  1.6e-1,
  'Qualcomm AI Hub: PSNR 30 dB, RMS of the error 3.2e-2 of the peak, with logits that peak at 5 times their RMS; ' +
    'Tenstorrent: correlation 0.99 is 0.14. Plain rounding to 4 bits misses it on a small model, and does lose quality there',
)

/** norm(d - r) / norm(r) of a whole model's output against fp32. */
export const RELATIVE_ERROR: Readonly<Record<Precision, Threshold>> = {
  fp32: atMost(1e-4, 'the bound that Assay holds itself to against transformers; seen 1.2e-6 against fp64'),
  fp16: atMost(
    1e-2,
    'an 8th of the bf16 limit, as fp16 has 3 more significant bits; Huawei msprobe asks 1 % of an element; ' +
      'llama.cpp allows 2.2e-2 for one matrix product (NMSE 5e-4); seen 2.1e-3 to 3.8e-3',
  ),
  bf16: atMost(
    8e-2,
    'AMD MIGraphX, half precision: RMS of the error over the peak 8e-2, here over the RMS, which is stricter; seen 1.9e-2 to 3.4e-2',
  ),
  int8: atMost(1e-1, 'llama.cpp, logits: NMSE 1e-2, which is 0.1 squared; seen 1.9e-2 to 5.2e-2, weights in 8 bits'),
  int4: INT4_ERROR,
  'int4-symmetric': INT4_ERROR,
}

const SAME_INTEGERS = atMost(
  RELATIVE_ERROR.bf16.limit,
  'bf16: the same weights on both sides, activations of 8 significant bits',
)

/**
 * The same where a device is compared with itself, pass against pass. Both sides have the same weights, so that what is
 * left is the rounding of activations; 8 significant bits at worst, as in bf16.
 */
export const SELF_RELATIVE_ERROR: Readonly<Record<Precision, Threshold>> = {
  fp32: RELATIVE_ERROR.fp32,
  fp16: RELATIVE_ERROR.fp16,
  bf16: RELATIVE_ERROR.bf16,
  int8: SAME_INTEGERS,
  int4: SAME_INTEGERS,
  'int4-symmetric': SAME_INTEGERS,
}

/** relL2 of two outputs that must differ: what could be rounding shows nothing. */
export function mustChange(whole: Threshold): Threshold {
  return atLeast(whole.limit, 'a change that is heard is larger than what rounding may do, the limit of relL2')
}

/** How much worse than the whole one position may be. One wrong row of 500 moves the whole by 6 % at most. */
const POSITION_FACTOR = 5

/** relL2 of one position's logits. */
export function positionLimit(whole: Threshold): Threshold {
  return atMost(
    POSITION_FACTOR * whole.limit,
    `${POSITION_FACTOR} times the limit of the whole: Huawei msprobe lets the largest relative error be 5 times the mean one; ` +
      'seen fp16 1.9e-2, bf16 0.13, int8 0.26',
  )
}

/** How much worse than the whole one element may be. */
const ELEMENT_FACTOR = 10

/** abs(d - r) / max(abs(r), RMS of r) of one element. */
export function elementLimit(whole: Threshold): Threshold {
  return atMost(
    ELEMENT_FACTOR * whole.limit,
    'NVIDIA Polygraphy: fails only where both the absolute and the relative tolerance are exceeded; the absolute one is in ' +
      `units of the output's RMS, so that px and probabilities are alike; both ${ELEMENT_FACTOR} times the limit of relL2 ` +
      '(fp32: 1e-3, the relative tolerance of the ONNX backend tests; seen 5 to 8 times)',
  )
}

/** Mean of abs(d - r) over the logits of ten prompts, whose RMS in the reference is `scale`. */
export function averageDifference(whole: Threshold, scale: number): Threshold {
  return atMost(
    whole.limit * scale,
    `the limit of relL2 (${whole.limit}) times the RMS of the reference's logits, ${Number(scale.toPrecision(3))}: AMD MIGraphX judges ` +
      'the RMS of the error in such a unit, and a mean is no larger than an RMS',
  )
}

/** Max of abs(d - r) over the same logits. */
export function largestDifference(whole: Threshold, scale: number): Threshold {
  return atMost(
    ELEMENT_FACTOR * whole.limit * scale,
    `${ELEMENT_FACTOR} times the limit of the average, as for one element of any output: NVIDIA Polygraphy, absolute tolerance in the ` +
      "output's RMS (Huawei msprobe asks 1e-3 of one operator in fp32, whatever the size of its output)",
  )
}

/** Flips of top-1 that are no near ties. */
export const FLIPS = equal(
  0,
  "top-1 must match where the reference's margin exceeds the noise: twice the precision's relL2 limit times the RMS of " +
    "the position's centred logits (ggml-org/llama.cpp#3014, vllm-project/vllm#7779)",
)

/** Mean size of the intersection of the two top-10 sets of a case. */
export const TOP_K = {
  k: 10,
  threshold: atLeast(8, 'at least 8 of 10, the mean over the positions of a case'),
} as const

/** NaN or infinities where the reference has none. */
export const NON_FINITE = equal(0, 'a value that is not finite where the reference has one is a fault at any precision')

/** abs(perplexity of the device - perplexity of the reference), over all windows. */
export const PERPLEXITY = atMost(0.5, 'perplexity within 0.5 of the reference')

/** RMS of the paired differences of nll, over the RMS of the reference's nll or 1 nat where that is smaller. */
export function nllLimit(whole: Threshold): Threshold {
  return atMost(
    POSITION_FACTOR * whole.limit,
    'a mean does not see tokens that change places: the limit of a position for each token',
  )
}

/** Wrong answers that are no near ties. */
export const WRONG_ANSWERS = equal(0, 'exact match of the expected text after trimming, where the reference gives it')

/** Prompts whose greedy tokens differ where the margin exceeds the noise. */
export const DISAGREEMENTS = equal(0, FLIPS.source)

/** Elements whose bits differ between two equal calls. */
export const DIFFERING_ELEMENTS = equal(0, 'the same call twice gives the same bits')

/** Integers and truth values that differ. */
export const DIFFERING_INTEGERS = equal(0, 'integers and truth values are not rounded')

/** abs(accuracy of the device - accuracy of the reference), top-1 and top-5, 0 to 1. */
export const ACCURACY = atMost(
  0.01,
  'accuracy within 1 point of the reference, either way; MLPerf Inference asks for 99 % of its score (image classification and detection)',
)

/** abs(COCO mean average precision of the device - that of the reference), 0 to 1. */
export const MEAN_AVERAGE_PRECISION = atMost(0.01, 'mean average precision within 1 point, as accuracy')

/** Boxes that one side alone has, and that no threshold explains. */
export const UNMATCHED_BOXES = equal(
  0,
  'a box that only one side found is a fault, unless its score or its overlap lies within the noise of the threshold that decides on it',
)

/** The width of the images that the limit in px is meant for: COCO's, and that of the usual detectors. */
const USUAL_SIDE = 640

/** Largest difference of a coordinate of matched boxes, in px of the original image, whose longer side is `side` px. */
export function coordinateLimit(precision: Precision, side: number): Threshold {
  const factor = RELATIVE_ERROR[precision].limit / RELATIVE_ERROR.fp16.limit
  const scaled = (factor * side) / USUAL_SIDE
  return factor <= 1 || scaled <= 1
    ? atMost(1, 'boxes within 1 px after matching by class and IoU')
    : atMost(
        scaled,
        `1 px of fp16 in an image of ${USUAL_SIDE} px, times the ratio of the relL2 limits (${factor}): a coordinate of 8 significant ` +
          `bits alone has steps of 2 to 4 px there; as much of a side of ${side} px`,
      )
}

/** Largest difference of the scores of matched boxes; also how near the score threshold a box may be on one side alone. */
export function scoreLimit(precision: Precision): Threshold {
  const { limit } = RELATIVE_ERROR[precision]
  return limit <= 0.01
    ? atMost(0.01, 'scores within 0.01 after matching by class and IoU')
    : atMost(limit, `the limit of relL2 of ${precision}, of a full score of 1: for fp16 that is 0.01 too`)
}

/**
 * How near the overlap at which boxes suppress each other a box may be on one side alone. A px in a box of 50 to 100 px moves an
 * overlap by 0.01 to 0.02.
 */
export function overlapBand(precision: Precision): number {
  return Math.max(0.02, RELATIVE_ERROR[precision].limit)
}
