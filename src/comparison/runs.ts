import type { UnitResult } from '../events/result.ts'
import type { ComparisonDocument, Side, UnitName } from './document.ts'
import { missingFindings, unitFindings } from './findings.ts'
import { type Asked, judgeGate } from './gate.ts'
import { pairUnits, type RunSide } from './run-side.ts'
import { settingFindings } from './settings.ts'
import { compareUnits } from './units.ts'

/** Two runs, or two devices of one, side by side; b is held against a. `asked`: what is to fail, or null. */
export function compareRuns(a: RunSide, b: RunSide, asked: Asked | null): ComparisonDocument {
  const pairs = pairUnits(a, b)
  const units = pairs.flatMap(pair =>
    pair.a && pair.b ? [compareUnits({ unit: pair.a, samples: a.samples }, { unit: pair.b, samples: b.samples })] : [],
  )
  const only = {
    a: pairs.flatMap(pair => (pair.a && !pair.b ? [nameOf(pair.a)] : [])),
    b: pairs.flatMap(pair => (pair.b && !pair.a ? [nameOf(pair.b)] : [])),
  }
  const findings = [...settingFindings(a, b), ...missingFindings(only), ...units.flatMap(unitFindings)]
  return {
    schema: 'assay-compare-1',
    a: sideOf(a),
    b: sideOf(b),
    findings,
    units,
    only,
    outputs: [],
    gate: asked === null ? null : judgeGate(asked, findings, units),
  }
}

function nameOf({ model, precision, device }: UnitResult): UnitName {
  return { model, precision, device }
}

function sideOf({ name, result, device }: RunSide): Side {
  return { name, kind: 'run', of: result.run, startedAt: result.startedAt, by: device }
}
