/** From the points of one shape to where throughput stops growing, and what binds there. */
import { kindOf } from '../benchmarks/index.ts'
import { saturationPoint } from '../metrics/steadiness.ts'
import type { BenchmarkPoint, PhaseRoofline, Saturation } from './result.ts'
import type { Shape } from './shape.ts'

/** Null where no point of the shape was measured. */
export function saturationOf(benchmark: string, shape: Shape, points: readonly BenchmarkPoint[]): Saturation | null {
  const { throughput: metric } = kindOf(benchmark)
  const measured = points
    .flatMap(point => {
      const throughput = point.metrics[metric]?.median
      return throughput === undefined ? [] : [{ batch: point.batch, throughput, point }]
    })
    .toSorted((a, b) => a.batch - b.batch)
  const batch = saturationPoint(measured)
  const at = measured.find(each => each.batch === batch) ?? measured.at(-1)
  if (at === undefined) return null
  const largest = measured.at(-1)?.batch ?? 0
  const beyond = points.toSorted((a, b) => a.batch - b.batch).find(point => point.batch > largest)
  const binding = bindingPhase(at.point)
  return {
    shape: { ...shape },
    batch,
    atBatch: at.batch,
    throughput: at.throughput,
    measured: measured.length,
    beyond: beyond?.reason ?? null,
    phase: binding?.name ?? null,
    bound: binding?.phase.bound ?? null,
    share: binding === null ? null : shareOf(binding.phase),
  }
}

/** Of the phases the one that takes longest; of two that take as long the later. */
function bindingPhase({ roofline }: BenchmarkPoint): { name: string; phase: PhaseRoofline } | null {
  const phases = Object.entries(roofline).map(([name, phase]) => ({ name, phase }))
  const longest = Math.max(...phases.map(({ phase }) => phase.ms))
  return phases.findLast(({ phase }) => phase.ms === longest) ?? null
}

function shareOf({ bound, mfu, mbu }: PhaseRoofline): number | null {
  switch (bound) {
    case 'arithmetic':
      return mfu
    case 'bandwidth':
      return mbu
    case 'overhead':
      return Math.max(mfu ?? 0, mbu ?? 0)
    case null:
      return null
  }
}
