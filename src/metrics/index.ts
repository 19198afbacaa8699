export { type Interval, type Random, randomFrom } from './bootstrap.ts'
export { compareElements, type ElementComparison } from './elements.ts'
export type { ErrorHistogram } from './error-histogram.ts'
export { FAST_EXP_RELATIVE_ERROR, fastExp } from './exp.ts'
export {
  decodeTokensPerSecond,
  goodputPerSecond,
  type LatencyTargets,
  type PooledLatency,
  poolLatency,
  prefillTokensPerSecond,
  type RequestClocks,
  type RequestLatency,
  requestLatency,
  throughputPerSecond,
  tokensPerSecondPerUser,
} from './latency.ts'
export { nllOfTargets } from './likelihood.ts'
export { compareLogits, type Flip, type LogitsComparison, type LogitsShape } from './logits.ts'
export { type MannWhitney, mannWhitneyU } from './mann-whitney.ts'
export { percentile } from './percentile.ts'
export {
  bootstrapRatioOfMedians,
  isFaster,
  type RatioOfMedians,
  type Summary,
  summarize,
} from './statistics.ts'
export { hasTrend, saturationPoint, type ThroughputPoint, TREND_WINDOW } from './steadiness.ts'
export { bitsPerByte, firstDifference, perplexity } from './text.ts'
export { type TopTwo, topTwo } from './topk.ts'
export { compareUlp, type FloatPrecision, type UlpComparison } from './ulp.ts'
