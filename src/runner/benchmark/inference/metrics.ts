/** From the clocks of timed passes to the metrics of docs/metrics.md. Pure. */
import type { BenchmarkPoint } from '../../../events/result.ts'
import { summarize, throughputPerSecond } from '../../../metrics/index.ts'
import type { TimedInference } from './timed.ts'

/** The figures of one pass, for the log. */
export function sampleValues(latencyMs: number, batch: number): Record<string, number> {
  return { latencyMs, imagesPerSecond: throughputPerSecond(batch, latencyMs) }
}

export function pointMetrics(forwardMs: readonly number[], batch: number): BenchmarkPoint['metrics'] {
  return {
    latencyMs: summarize(forwardMs),
    imagesPerSecond: summarize(forwardMs.map(ms => throughputPerSecond(batch, ms))),
  }
}

/** `deviceWaitShare`: of the time from files to outputs, that in which the device had no batch. */
export function pointFigures(
  { peakMemoryBytes, pipeline }: Pick<TimedInference, 'peakMemoryBytes' | 'pipeline'>,
  memoryBytes: number | null,
): BenchmarkPoint['figures'] {
  return {
    peakMemoryBytes,
    peakMemoryShare: peakMemoryBytes === null || memoryBytes === null ? null : peakMemoryBytes / memoryBytes,
    ...(pipeline === null
      ? {}
      : {
          pipelineImagesPerSecond: throughputPerSecond(pipeline.images, pipeline.ms),
          deviceWaitShare: pipeline.waitMs / pipeline.ms,
        }),
  }
}
