import { expect, test } from 'vitest'
import { log } from '../../tests/reporters/fixture.ts'
import { resultOf } from '../events/document.ts'
import { verdictMatrix } from './matrix.ts'

test('every unit stands in exactly one cell, at its model, device and precision', () => {
  const document = resultOf(log())
  if (document === null) throw new Error('the fixture is empty')
  const twin = document.units.slice(0, 1).map(unit => ({ ...unit, id: 'twin' }))
  const units = [...document.units, ...twin]
  const { columns, rows } = verdictMatrix({ units })
  expect(rows.flatMap(row => row.cells.flat()).toSorted((a, b) => a.id.localeCompare(b.id))).toEqual(
    units.toSorted((a, b) => a.id.localeCompare(b.id)),
  )
  for (const { model, cells } of rows) {
    for (const [index, cell] of cells.entries()) {
      for (const unit of cell)
        expect({ ...columns[index], model }).toMatchObject({
          model: unit.model,
          device: unit.device,
          precision: unit.precision,
        })
    }
  }
  // Columns of one device stand together, so that they share a heading.
  expect(columns.map(({ device }) => device)).toEqual([
    'ort:cpu',
    'ort:cpu',
    'ort:cpu',
    'torch:cuda:0',
    'torch:cuda:0',
    'ort:webgpu',
  ])
})
