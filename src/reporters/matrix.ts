/** The verdict matrix: models down, devices with their precisions across. */
import type { ResultDocument, UnitResult } from '../events/result.ts'

export interface VerdictMatrix {
  readonly columns: readonly { readonly device: string; readonly precision: string }[]
  readonly rows: readonly {
    readonly model: string
    /** For each column, the units that belong there: none, one, or more where a plan has twins. */
    readonly cells: readonly (readonly UnitResult[])[]
  }[]
}

export function verdictMatrix({ units }: Pick<ResultDocument, 'units'>): VerdictMatrix {
  const devices = [...new Set(units.map(unit => unit.device))]
  const columns = devices.flatMap(device => {
    const precisions = new Set(units.filter(unit => unit.device === device).map(unit => unit.precision))
    return [...precisions].map(precision => ({ device, precision }))
  })
  const rows = [...Map.groupBy(units, unit => unit.model)].map(([model, own]) => ({
    model,
    cells: columns.map(({ device, precision }) =>
      own.filter(unit => unit.device === device && unit.precision === precision),
    ),
  }))
  return { columns, rows }
}
