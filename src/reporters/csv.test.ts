import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { findPython, runPython } from '../../tests/python.ts'
import { document, UNITS } from '../../tests/reporters/fixture.ts'
import { temporaryDirectory } from '../../tests/temporary.ts'
import type { ResultDocument } from '../events/result.ts'
import { csv } from './csv.ts'

const COLUMNS = 'run,model,device,precision,kind,name,point,metric,value,unit,comparison,threshold,status,reason'.split(
  ',',
)

/** Python's own reader, strict: it refuses a stray quote. */
const READ = `
import csv, json, sys
json.dump(list(csv.reader(open(sys.argv[1], encoding="utf-8", newline=""), strict=True)), sys.stdout)
`
const python = findPython([])
const why = 'missing' in python ? ` (skipped: ${python.missing})` : ''

function read(result: ResultDocument): Record<string, string>[] {
  const path = join(temporaryDirectory(), 'report.csv')
  writeFileSync(path, csv.render(result))
  const [head = [], ...rows] = z.array(z.array(z.string())).parse(JSON.parse(runPython(python, READ, path)))
  expect(head).toEqual(COLUMNS)
  for (const row of rows) expect(row).toHaveLength(COLUMNS.length)
  return rows.map(row => Object.fromEntries(head.map((name, index) => [name, row[index] ?? ''])))
}

describe.skipIf('missing' in python)(`a CSV report read by another reader${why}`, () => {
  test('has a row for each number, with what it was measured on', () => {
    const rows = read(document())
    const of = (unit: { model: string; device: string; precision: string }, metric: string) =>
      rows.filter(
        row =>
          row['model'] === unit.model &&
          row['device'] === unit.device &&
          row['precision'] === unit.precision &&
          row['metric'] === metric,
      )
    const check = document()
      .units.find(({ id }) => id === UNITS.wrong.id)
      ?.checks.find(({ name }) => name === 'logits-parity')
    expect(of(UNITS.wrong, 'relL2')).toMatchObject([
      { kind: 'check', name: 'logits-parity', comparison: 'at-most', threshold: '0.1', status: 'fail', unit: '' },
    ])
    expect(Number(of(UNITS.wrong, 'relL2')[0]?.['value'])).toBe(check?.metrics['relL2'])
    expect(of(UNITS.wrong, 'snrDb')).toMatchObject([{ unit: 'dB', comparison: '', threshold: '', value: '15.56' }])
    expect(of(UNITS.slow, 'ttftMs.median')).toMatchObject([
      { kind: 'benchmark', name: 'generation', point: 'batch=1 input=128 output=64', value: '88.2', unit: 'ms' },
      { point: 'batch=4 input=128 output=64', value: '241.7', status: 'fail' },
    ])
    expect(of(UNITS.slow, 'peakMemoryBytes')[0]).toMatchObject({ unit: 'B' })
    expect(of(UNITS.slow, 'ttftMs.count')[0]).toMatchObject({ unit: '', value: '30' })
    expect(of(UNITS.slow, 'ttftMs.p50').filter(row => row['threshold'] !== '')).toMatchObject([
      { comparison: 'at-most', threshold: '100', value: '88.2' },
      { comparison: 'at-most', threshold: '100', value: '241.7' },
    ])
    // What is not enforced judges nothing.
    expect(of(UNITS.slow, 'peakMemoryShare').every(row => row['threshold'] === '')).toBe(true)
  })

  test('has a row for a unit that could not be run, with the reason, line breaks and all', () => {
    const [row] = read(document()).filter(({ kind, status }) => kind === 'unit' && status === 'error')
    expect(row).toMatchObject({ model: UNITS.crashed.model, device: UNITS.crashed.device })
    expect(row?.['reason']).toMatch(/SIGSEGV during `measure` \(generation, batch 8\)\nstderr: /)
  })

  test('keeps quotes, commas and line ends', () => {
    const reason = 'a "quoted", text;\r\nwith lines\nand \u0007'
    const [first] = read(renamed('plain', reason))
    expect(first?.['reason']).toBe(reason)
  })

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '＝1', '=cmd|"/C calc"!A0'])(
    'gives a spreadsheet no formula: %j',
    text => {
      const [first] = read(renamed(text, text))
      expect(first).toMatchObject({ model: `'${text}`, reason: `'${text}` })
    },
  )

  test('leaves a negative number a number', () => {
    const result = renamed('plain', 'r')
    for (const unit of result.units) unit.durationMs = -1.5e-9
    expect(Number(read(result)[0]?.['value'])).toBe(-1.5e-9)
  })
})

test('lines end as RFC 4180 has them', () => {
  const text = csv.render(renamed('plain', 'r'))
  expect(text.endsWith('\r\n')).toBe(true)
  expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/)
})

function renamed(model: string, reason: string): ResultDocument {
  const [unit] = document().units
  return { ...document(), units: unit === undefined ? [] : [{ ...unit, model, reason, checks: [], benchmarks: [] }] }
}
