import { BENCHMARKS, type BenchmarkKind } from '../../benchmarks/index.ts'
import { AssayError } from '../../errors.ts'
import type { Category } from '../../words.ts'

/** Throws AssayError for a target that no model of these categories is measured by: nothing would be held to it. */
export function checkTargets(
  targets: readonly (readonly [metric: string, limit: number])[],
  categories: readonly Category[],
): void {
  const kinds = Object.values<BenchmarkKind>(BENCHMARKS).filter(
    ({ category }) => category !== null && categories.includes(category),
  )
  const metrics = new Set(kinds.flatMap(kind => Object.keys(kind.targets)))
  for (const [metric] of targets)
    if (!metrics.has(metric))
      throw new AssayError('argument-invalid', `no model here is measured by ${metric}`, {
        where: '--target',
        hint:
          metrics.size === 0 ? 'these models have no benchmark' : `targets of these models: ${[...metrics].join(', ')}`,
      })
}
