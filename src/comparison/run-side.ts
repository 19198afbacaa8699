/** A run as one side of a comparison, and which of its units stand beside which. */
import type { ResultDocument, UnitResult } from '../events/result.ts'
import type { Samples } from './samples.ts'

export interface RunSide {
  /** As it was asked for. */
  readonly name: string
  readonly result: ResultDocument
  /** Null where only the result document is at hand. */
  readonly samples: Samples | null
  /** The one device that is looked at; null for all. */
  readonly device: string | null
}

export interface UnitPair {
  readonly a: UnitResult | undefined
  readonly b: UnitResult | undefined
}

/**
 * Units of the same model and precision, and of the same device unless the sides name one each. Twins of a plan are paired in
 * order. What one side alone has stands alone.
 */
export function pairUnits(a: RunSide, b: RunSide): UnitPair[] {
  const isAcross = a.device !== null && b.device !== null
  const [ours, theirs] = [keyed(a, isAcross), keyed(b, isAcross)]
  return [...new Set([...ours.keys(), ...theirs.keys()])].map(key => ({ a: ours.get(key), b: theirs.get(key) }))
}

function keyed({ result, device }: RunSide, isAcross: boolean): Map<string, UnitResult> {
  const units = result.units.filter(unit => device === null || unit.device === device)
  const seen = new Map<string, number>()
  return new Map(
    units.map(unit => {
      const name = JSON.stringify([unit.model, unit.precision, isAcross ? null : unit.device])
      const twin = seen.get(name) ?? 0
      seen.set(name, twin + 1)
      return [`${name} ${twin}`, unit]
    }),
  )
}
