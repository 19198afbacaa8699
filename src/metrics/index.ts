export { randomFrom } from './bootstrap.ts'
export { matchBoxes } from './box-matching.ts'
export { type Box, coordinateDifference, type Detection, iou } from './boxes.ts'
export {
  AREAS,
  averagePrecisions,
  type CocoMap,
  cocoMap,
  meanAveragePrecision,
  type RankedClass,
  rankByClass,
} from './coco-map.ts'
export { matchScene, type Scene, type TruthBox } from './coco-matching.ts'
export { mostProbable, softmax } from './distribution.ts'
export { compareElements, type ElementComparison } from './elements.ts'

export {
  decodeTokensPerSecond,
  poolLatency,
  prefillTokensPerSecond,
  requestLatency,
  throughputPerSecond,
  tokensPerSecondPerUser,
} from './latency.ts'
export { nllOfTargets } from './likelihood.ts'
export { compareLogits, type Flip, type LogitsComparison } from './logits.ts'

export { mannWhitneyU } from './mann-whitney.ts'
export { mcnemarExact } from './mcnemar.ts'
export { batchedNms } from './nms.ts'
export { percentile } from './percentile.ts'
export { type Ceilings, decodeWork, type ModelCost, prefillWork, roofline } from './roofline.ts'
export { bootstrapRatioOfMedians, summarize } from './statistics.ts'
export { hasTrend, TREND_WINDOW } from './steadiness.ts'
export { firstDifference, perplexity } from './text.ts'
export { TopK, topTwo } from './topk.ts'
