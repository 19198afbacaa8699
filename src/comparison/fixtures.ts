/** Runs of a made-up device, whose times follow a law that is known; for tests alone. */
import type { EventBody, RunEvent } from '../events/event.ts'
import type { BenchmarkPoint, CheckResult } from '../events/result.ts'
import { randomFrom } from '../metrics/index.ts'
import type { GenerationSample } from '../protocol/messages.ts'
import { pointMetrics, sampleValues } from '../runner/benchmark/generation/point-metrics.ts'
import type { Precision, Status } from '../words.ts'

export interface MadeUnit {
  readonly model?: string
  readonly device?: string
  readonly precision?: Precision
  readonly status?: Status
  readonly relL2?: number
  /** Batches that are timed. */
  readonly batches?: readonly number[]
  readonly peakMemoryBytes?: number
  readonly fingerprint?: string
}

export interface MadeRun {
  readonly run?: string
  readonly seed?: number
  readonly startedMs?: number
  readonly repetitions?: number
  /** How long a decode step takes, in ms; a prefill takes ten. */
  readonly stepMs?: number
  /** Standard deviation of the logarithm of each repetition's times. */
  readonly spread?: number
  readonly cpu?: string
  readonly units?: readonly MadeUnit[]
}

const [INPUT, OUTPUT] = [64, 9]

/** Normal with mean 0 and deviation 1: the sum of twelve uniform numbers, less six. */
export function normalFrom(random: () => number): number {
  return Array.from({ length: 12 }, random).reduce((sum, value) => sum + value, -6)
}

/** Samples around `median`, lognormal: what times of a shared machine look like. */
export function drawn(median: number, spread: number, count: number, random: () => number): number[] {
  return Array.from({ length: count }, () => median * Math.exp(spread * normalFrom(random)))
}

/** The log of a run. The same arguments give the same log. */
export function logOf({
  run = 'aaaa',
  seed = 1,
  startedMs = Date.UTC(2026, 0, 1),
  repetitions = 20,
  stepMs = 10,
  spread = 0.01,
  cpu = 'A processor',
  units = [{}],
}: MadeRun = {}): RunEvent[] {
  const random = randomFrom(seed)
  const made = units.map(unit => ({ model: 'zoo/llama', device: 'ort:cpu', precision: 'fp32' as const, ...unit }))
  const headers = made.map(({ model, device, precision }) => ({
    id: `${model}|${device}|${precision}`,
    model,
    category: 'llm' as const,
    device,
    precision,
  }))
  const device = (id: string) => ({
    ...{ id, name: `the device of ${id}`, kind: 'cpu' as const, memoryBytes: null, precisions: [], dialect: null },
    properties: {},
  })
  const bodies: EventBody[] = [
    {
      ...{ type: 'run-started', run, plan: 'a plan', planSource: 'models: [zoo/llama]' },
      host: { os: 'Linux', cpu, threads: 2, memoryBytes: 2 ** 34, versions: { assay: '0.1.0', node: '24.0.0' } },
      reference: { device: 'ort:cpu', precision: 'fp32' },
      devices: [...new Set(made.map(unit => unit.device))].map(device),
      units: headers,
    },
  ]
  for (const [at, unit] of made.entries()) {
    const id = headers[at]?.id ?? ''
    const own = { unit: id, attempt: 1 }
    bodies.push({ type: 'unit-started', ...own })
    bodies.push({
      ...{ type: 'model-loaded', ...own, fingerprint: unit.fingerprint ?? 'f'.repeat(64), parameters: 1, loadMs: 5 },
      ...{ weightBytes: 1000, settings: {}, placement: null, remarks: [] },
    })
    bodies.push({ type: 'check-ended', ...own, check: checkOf(unit) })
    for (const batch of unit.batches ?? [1]) {
      const samples = drawn(stepMs, spread, repetitions, random).map(sampleOf)
      const shape = { inputTokens: INPUT, outputTokens: OUTPUT }
      for (const sample of samples)
        bodies.push({
          type: 'sample',
          ...own,
          benchmark: 'generation',
          batch,
          shape,
          values: sampleValues(sample, batch, INPUT),
        })
      bodies.push({ type: 'point-ended', ...own, benchmark: 'generation', point: pointOf(unit, batch, shape, samples) })
    }
    bodies.push({
      ...{ type: 'unit-ended', ...own, status: null, reason: null, fault: null, telemetry: {}, artifacts: [] },
    })
  }
  bodies.push({ type: 'run-ended' })
  return bodies.map((body, at) => ({ sequence: at + 1, timeMs: startedMs + at, ...body }))
}

function sampleOf(stepMs: number): GenerationSample {
  return {
    tokenMs: Array.from({ length: OUTPUT }, (_, token) => stepMs * (10 + token)),
    deviceMs: Array.from({ length: OUTPUT }, (_, token) => stepMs * (token === 0 ? 9.9 : 0.9)),
    selectMs: Array.from({ length: OUTPUT }, () => stepMs * 0.01),
  }
}

function pointOf(
  { peakMemoryBytes = 1000 }: MadeUnit,
  batch: number,
  shape: BenchmarkPoint['shape'],
  samples: readonly GenerationSample[],
): BenchmarkPoint {
  return {
    ...{ batch, shape, status: 'pass', reason: null },
    metrics: pointMetrics(samples, batch, INPUT),
    figures: { peakMemoryBytes },
    ...{
      targets: [],
      audit: { status: 'pass', reason: null, outputs: 1, disagreements: 0 },
      tokenLatencyMs: [],
      roofline: {},
    },
  }
}

function checkOf({ status = 'pass', relL2 = 1e-6 }: MadeUnit): CheckResult {
  const threshold = { limit: 1e-4, comparison: 'at-most' as const, source: 'a source' }
  return {
    ...{ name: 'logits-parity', status, reason: status === 'pass' ? null : 'it is off', reference: 'golden' },
    ...{ metrics: { relL2, top1: 1 }, thresholds: { relL2: threshold }, samples: 10, smallestDrop: null },
    ...{ worst: null, histogram: null, cases: [] },
  }
}
