import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { findPython, runPython } from '../../tests/python.ts'
import { document, UNITS } from '../../tests/reporters/fixture.ts'
import { EVIL, poison } from '../../tests/reporters/poison.ts'
import type { ResultDocument, UnitResult } from '../events/result.ts'
import { junit } from './junit.ts'
import { unitName } from './units.ts'

interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly Element[]
  readonly text: string
}
const Element: z.ZodType<Element> = z.lazy(() =>
  z.object({
    name: z.string(),
    attributes: z.record(z.string(), z.string()),
    children: z.array(Element),
    text: z.string(),
  }),
)

/** expat refuses everything that is not well formed. */
const PARSE = `
import json, sys, xml.etree.ElementTree as tree
def plain(e):
    return {"name": e.tag, "attributes": e.attrib, "children": [plain(c) for c in e], "text": e.text or ""}
json.dump([plain(tree.fromstring(text.encode("utf-8", "surrogatepass"))) for text in json.load(open(sys.argv[1]))], sys.stdout)
`

/**
 * The content model of the Jenkins xUnit plugin's junit-10.xsd, as far as a report may use it: what GitLab, Azure DevOps and
 * GitHub's actions read as well. Attributes with an exclamation mark are needed.
 */
const MODEL: Readonly<Record<string, { attributes: readonly string[]; children: readonly string[] }>> = {
  testsuites: { attributes: ['name', 'tests', 'failures', 'errors', 'time', 'disabled'], children: ['testsuite'] },
  testsuite: {
    attributes: ['name!', 'tests', 'failures', 'errors', 'skipped', 'time', 'timestamp', 'hostname', 'id', 'package'],
    children: ['properties', 'testcase', 'system-out', 'system-err'],
  },
  properties: { attributes: [], children: ['property'] },
  property: { attributes: ['name!', 'value!'], children: [] },
  testcase: {
    attributes: ['name!', 'classname!', 'time'],
    children: ['skipped', 'error', 'failure', 'system-out', 'system-err'],
  },
  skipped: { attributes: ['type', 'message'], children: [] },
  error: { attributes: ['type', 'message'], children: [] },
  failure: { attributes: ['type', 'message'], children: [] },
  'system-out': { attributes: [], children: [] },
  'system-err': { attributes: [], children: [] },
}

function violations({ name, attributes, children }: Element): string[] {
  const rule = MODEL[name]
  if (rule === undefined) return [`element ${name}`]
  const known = rule.attributes.map(attribute => attribute.replace('!', ''))
  const needed = rule.attributes.filter(attribute => attribute.endsWith('!')).map(attribute => attribute.slice(0, -1))
  return [
    ...Object.keys(attributes).flatMap(key => (known.includes(key) ? [] : [`${name}@${key}`])),
    ...needed.flatMap(key => (key in attributes ? [] : [`${name} without ${key}`])),
    ...children.flatMap(child => (rule.children.includes(child.name) ? [] : [`${child.name} in ${name}`])),
    ...children.flatMap(violations),
  ]
}

const within = (root: Element, name: string): Element[] =>
  root.children.flatMap(child => [...(child.name === name ? [child] : []), ...within(child, name)])
const number = (element: Element, attribute: string) => Number(element.attributes[attribute])

const python = findPython([])
const why = 'missing' in python ? ` (skipped: ${python.missing})` : ''

describe.skipIf('missing' in python)(`a JUnit report read by a strict parser${why}`, () => {
  const parsed = new Map<string, Element>()
  const named: Readonly<Record<string, ResultDocument>> = {
    whole: document(),
    hostile: poison(document()),
    unfinished: { ...document(), complete: false, units: [] },
    torn: withReason(document(), `a\r\nb\tc ${EVIL}\ud800\u0000\u001b[31m\uffff]]>`),
  }
  const of = (name: string) => {
    const root = parsed.get(name)
    if (root === undefined) throw new Error(`no report ${name}`)
    return root
  }
  const suiteOf = (unit: Pick<UnitResult, 'model' | 'device' | 'precision'>) => {
    const found = within(of('whole'), 'testsuite').find(({ attributes }) => attributes['name'] === unitName(unit))
    if (found === undefined) throw new Error(`no suite of ${unitName(unit)}`)
    return found
  }
  const caseOf = (suite: Element, name: string) => {
    const found = suite.children.find(child => child.name === 'testcase' && child.attributes['name'] === name)
    if (found === undefined) throw new Error(`no case ${name}`)
    return found
  }

  beforeAll(() => {
    const directory = mkdtempSync(join(tmpdir(), 'assay-junit-'))
    const path = join(directory, 'reports.json')
    writeFileSync(path, JSON.stringify(Object.values(named).map(result => junit.render(result))))
    const roots = z.array(Element).parse(JSON.parse(runPython(python, PARSE, path)))
    for (const [index, name] of Object.keys(named).entries()) parsed.set(name, roots[index] ?? of(name))
    rmSync(directory, { recursive: true })
  })

  test.each(Object.keys(named))('has the elements and attributes that CI systems know (%s)', name => {
    expect(of(name).name).toBe('testsuites')
    expect(violations(of(name))).toEqual([])
  })

  test.each(Object.keys(named))('counts what it holds, in each suite and in all (%s)', name => {
    const root = of(name)
    const suites = within(root, 'testsuite')
    expect(suites.length).toBeGreaterThan(0)
    for (const suite of [root, ...suites]) {
      const cases = within(suite, 'testcase')
      const having = (outcome: string) =>
        cases.filter(each => each.children.some(child => child.name === outcome)).length
      expect(number(suite, 'tests')).toBe(cases.length)
      expect(number(suite, 'failures')).toBe(having('failure'))
      expect(number(suite, 'errors')).toBe(having('error'))
      if (suite !== root) expect(number(suite, 'skipped')).toBe(having('skipped'))
      // A unit's clock is finer than the three decimals.
      const time = cases.reduce((sum, each) => sum + number(each, 'time'), 0)
      if (suite !== root) expect(time).toBeGreaterThanOrEqual(number(suite, 'time') - 0.001 * cases.length)
    }
  })

  test('has a suite for each unit, with a case for each check and each point, and times in seconds', () => {
    const { units } = named['whole'] ?? document()
    expect(within(of('whole'), 'testsuite').map(({ attributes }) => attributes['name'])).toEqual(units.map(unitName))
    const cases = units.map(unit => 1 + unit.checks.length + unit.benchmarks.flatMap(({ points }) => points).length)
    expect(within(of('whole'), 'testsuite').map(suite => number(suite, 'tests'))).toEqual(cases)
    const wrong = units.find(({ id }) => id === UNITS.wrong.id)
    expect(number(suiteOf(UNITS.wrong), 'time')).toBeCloseTo((wrong?.durationMs ?? 0) / 1000, 3)
    expect(suiteOf(UNITS.wrong).attributes['timestamp']).toBe('2025-06-11T14:22:33')
  })

  test('gives a failure with its reason, the command, and the measured values', () => {
    const failed = caseOf(suiteOf(UNITS.wrong), 'logits-parity')
    const [failure, output] = failed.children
    expect(failure).toMatchObject({ name: 'failure', attributes: { type: 'fail' } })
    expect(failure?.attributes['message']).toMatch(/^relative L2 error of the-river is 0\.167/)
    expect(failure?.text).toContain('assay parity zoo/llama --device ort:cpu --precision int8')
    expect(output?.text).toMatch(/^relative L2 error: 0\.1667, must be ≤ 0\.1, not met$/m)
    expect(caseOf(suiteOf(UNITS.wrong), 'perplexity').children.map(({ name }) => name)).toEqual(['system-out'])
  })

  test('gives a missed target as the failure of its point', () => {
    const point = caseOf(suiteOf(UNITS.slow), 'generation, batch 4, 128 tokens in, 64 out')
    expect(point.children[0]).toMatchObject({ name: 'failure' })
    expect(number(point, 'time')).toBeGreaterThan(0)
  })

  test('gives a crash and what cannot be judged as errors, and a skip as skipped', () => {
    expect(caseOf(suiteOf(UNITS.crashed), 'run').children[0]).toMatchObject({
      name: 'error',
      attributes: { type: 'error', message: expect.stringMatching(/^by fault of the device: the worker was killed/) },
    })
    expect(caseOf(suiteOf(UNITS.undecided), 'determinism').children[0]).toMatchObject({
      name: 'error',
      attributes: { type: 'inconclusive' },
    })
    expect(caseOf(suiteOf(UNITS.undecided), 'logits-parity').children[0]).toMatchObject({
      name: 'skipped',
      attributes: { message: 'this device is the reference, and no golden exists for it' },
    })
    expect(caseOf(suiteOf(UNITS.skipped), 'run').children[0]).toMatchObject({ name: 'skipped' })
    expect(caseOf(suiteOf(UNITS.reference), 'run').children).toEqual([])
  })

  test('of a run that was cut off is never green', () => {
    expect(number(of('unfinished'), 'errors')).toBe(1)
  })

  test('keeps a text whole but for what XML cannot hold', () => {
    const [error] = within(of('torn'), 'error')
    const kept = `a\r\nb\tc ${EVIL}`.replaceAll('\u0007', '\ufffd').replaceAll('\u202e', '\ufffd')
    expect(error?.attributes['message']).toBe(`by fault of the device: ${kept}\ufffd\ufffd\ufffd[31m\ufffd]]>`)
    expect(error?.text).toContain(kept)
  })
})

function withReason(result: ResultDocument, reason: string): ResultDocument {
  return {
    ...result,
    units: result.units.filter(({ id }) => id === UNITS.crashed.id).map(unit => ({ ...unit, reason })),
  }
}
