/** From the clocks of timed generations to the metrics of docs/metrics.md. Pure. */
import type { BenchmarkPoint } from '../../../events/result.ts'
import {
  decodeTokensPerSecond,
  percentile,
  poolLatency,
  prefillTokensPerSecond,
  requestLatency,
  summarize,
  throughputPerSecond,
  tokensPerSecondPerUser,
} from '../../../metrics/index.ts'
import type { GenerationSample } from '../../../protocol/messages.ts'

/** A closed loop: each repetition is due when it starts, and all rows of its batch advance together. */
function latencyOf({ tokenMs }: GenerationSample) {
  const latency = requestLatency({ dueMs: 0, tokenMs })
  if (latency === null) throw new Error('a generation without tokens was timed')
  return latency
}

/** The figures of one repetition, for the log; of gaps between tokens and choices of one, their median. */
export function sampleValues(
  sample: GenerationSample,
  batch: number,
  inputTokens: number,
): Record<string, number | null> {
  const { ttftMs, itlMs, tpotMs, e2eMs } = latencyOf(sample)
  return {
    ttftMs,
    tpotMs,
    e2eMs,
    itlMs: median(itlMs),
    selectMs: median(sample.selectMs),
    prefillMs: sample.deviceMs[0] ?? null,
    tokensPerSecondPerUser: tokensPerSecondPerUser(tpotMs),
    tokensPerSecond: throughputPerSecond(batch * sample.tokenMs.length, e2eMs),
    prefillTokensPerSecond: prefillTokensPerSecond(batch * inputTokens, sample.deviceMs[0] ?? e2eMs),
    decodeTokensPerSecond: decodeTokensPerSecond(batch, sample.tokenMs.length, e2eMs - ttftMs),
  }
}

/** Null of nothing. */
function median(values: readonly number[]): number | null {
  return values.length === 0
    ? null
    : percentile(
        values.toSorted((a, b) => a - b),
        50,
      )
}

const present = (values: readonly (number | null)[]) => values.filter(value => value !== null)

export function pointMetrics(
  samples: readonly GenerationSample[],
  batch: number,
  inputTokens: number,
): BenchmarkPoint['metrics'] {
  const latencies = samples.map(latencyOf)
  const pooled = poolLatency(latencies)
  return {
    ttftMs: summarize(pooled.ttftMs),
    itlMs: summarize(pooled.itlMs),
    tpotMs: summarize(pooled.tpotMs),
    e2eMs: summarize(pooled.e2eMs),
    tokensPerSecondPerUser: summarize(present(pooled.tpotMs.map(tokensPerSecondPerUser))),
    tokensPerSecond: summarize(
      samples.map(({ tokenMs }) => throughputPerSecond(batch * tokenMs.length, tokenMs.at(-1) ?? 0)),
    ),
    prefillMs: summarize(samples.map(({ deviceMs }) => deviceMs[0] ?? 0)),
    prefillTokensPerSecond: summarize(
      samples.map(({ deviceMs }) => prefillTokensPerSecond(batch * inputTokens, deviceMs[0] ?? Number.NaN)),
    ),
    decodeTokensPerSecond: summarize(
      present(
        samples.map((sample, at) =>
          decodeTokensPerSecond(
            batch,
            sample.tokenMs.length,
            (latencies[at]?.e2eMs ?? 0) - (latencies[at]?.ttftMs ?? 0),
          ),
        ),
      ),
    ),
    selectMs: summarize(samples.flatMap(({ selectMs }) => selectMs)),
  }
}

/** `overheadShare`: what a decode step spends neither in the device nor in choosing the token, over the whole step. */
export function pointFigures(
  samples: readonly GenerationSample[],
  peakMemoryBytes: number | null,
  memoryBytes: number | null,
): BenchmarkPoint['figures'] {
  let [total, outside, select] = [0, 0, 0]
  for (const { tokenMs, deviceMs, selectMs } of samples)
    for (let step = 1; step < tokenMs.length; step++) {
      const gap = (tokenMs[step] ?? 0) - (tokenMs[step - 1] ?? 0)
      total += gap
      select += selectMs[step] ?? 0
      outside += gap - (deviceMs[step] ?? 0)
    }
  return {
    peakMemoryBytes,
    peakMemoryShare: peakMemoryBytes === null || memoryBytes === null ? null : peakMemoryBytes / memoryBytes,
    outsideDeviceShare: total === 0 ? null : outside / total,
    selectShare: total === 0 ? null : select / total,
  }
}

/** The median over repetitions of each gap between tokens, in order. */
export function tokenLatency(samples: readonly GenerationSample[]): number[] {
  const steps = Math.min(...samples.map(({ tokenMs }) => tokenMs.length))
  if (!Number.isFinite(steps)) return []
  return Array.from({ length: Math.max(0, steps - 1) }, (_, step) =>
    percentile(
      samples.map(({ tokenMs }) => (tokenMs[step + 1] ?? 0) - (tokenMs[step] ?? 0)).sort((a, b) => a - b),
      50,
    ),
  )
}
