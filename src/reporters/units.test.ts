import { describe, expect, test } from 'vitest'
import { log, UNITS } from '../../tests/reporters/fixture.ts'
import { resultOf } from '../events/document.ts'
import { handOn, headline, hint, isFlaky, notPassed, reproduce, reproduceRun, tally } from './units.ts'

const whole = () => {
  const document = resultOf(log())
  if (document === null) throw new Error('the fixture is empty')
  return document
}
const unit = (name: keyof typeof UNITS) => {
  const found = whole().units.find(each => each.id === UNITS[name].id)
  if (found === undefined) throw new Error(`no unit ${name}`)
  return found
}
const only = (...names: (keyof typeof UNITS)[]) => {
  const units = names.map(unit)
  const counts = { pass: 0, fail: 0, error: 0, skip: 0, inconclusive: 0 }
  for (const { status } of units) counts[status]++
  return { ...whole(), units, counts }
}

describe('the headline', () => {
  test('says the worst first', () => {
    expect(headline(whole())).toBe(
      '1 unit could not be run; 2 units gave wrong results or missed a target; 1 unit could not be judged; 3 of 7 units met every threshold; 1 unit was skipped.',
    )
    expect(notPassed(whole()).map(({ status }) => status)).toEqual(['error', 'fail', 'fail', 'inconclusive', 'skip'])
  })

  test('of what passed claims no more than was judged', () => {
    expect(headline(only('reference', 'flaky'))).toBe('All 2 units met every threshold.')
    expect(headline(only('reference', 'skipped'))).toBe('The one unit met every threshold; 1 unit was skipped.')
    expect(headline(only('skipped'))).toBe('No unit was judged; 1 unit was skipped.')
    expect(headline({ ...only('reference'), complete: false })).toMatch(/not complete/)
  })
})

test('a unit that passed on a later attempt is flaky', () => {
  expect(isFlaky(unit('flaky'))).toBe(true)
  expect(isFlaky(unit('reference'))).toBe(false)
})

test('the tally says how much of what was judged passed', () => {
  expect(tally(unit('wrong'))).toBe('2 of 4 checks')
  expect(tally(unit('slow'))).toBe('2 checks, 1 of 2 benchmark points')
  expect(tally(unit('skipped'))).toBe('nothing judged')
})

describe('the command for a unit', () => {
  test('is a benchmark where only that failed, else a comparison', () => {
    expect(reproduce(unit('slow'))).toBe('assay bench zoo/llama --device ort:webgpu --precision fp16')
    expect(reproduce(unit('wrong'))).toBe('assay parity zoo/llama --device ort:cpu --precision int8')
  })

  test('quotes a name that a shell would read otherwise', () => {
    expect(reproduce({ ...unit('wrong'), model: `./it's; rm -rf` })).toContain(`parity './it'\\''s; rm -rf' --device`)
  })

  test('stands for the run where the run was no plan', () => {
    expect(reproduceRun(whole())).toBe('assay run plans/default.yaml')
    expect(reproduceRun({ ...only('slow', 'wrong'), plan: 'bench zoo/llama' })).toBe(
      `${reproduce(unit('slow'))}\n${reproduce(unit('wrong'))}`,
    )
  })

  test('hands a failed check on, where one failed', () => {
    expect(handOn(whole())).toBe('assay repro 20250611-142233-7f3a')
    expect(handOn(only('slow', 'crashed', 'reference'))).toBeNull()
  })

  test('comes as a hint with who is to blame, and not where there is nothing to do', () => {
    expect(hint(unit('crashed'))).toMatch(/^The fault lies with the device/)
    expect(hint(unit('reference'))).toBeNull()
    expect(hint(unit('skipped'))).toBeNull()
  })
})
