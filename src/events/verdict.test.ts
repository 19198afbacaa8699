import { array, assert, constantFrom, property, shuffledSubarray } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Status } from '../words.ts'
import { combine, combineReasons } from './verdict.ts'

const statuses = array(constantFrom(...Status.options))

describe('a verdict over several', () => {
  test.each([
    [['pass', 'fail', 'error'], 'error'],
    [['pass', 'inconclusive', 'fail'], 'fail'],
    [['pass', 'inconclusive'], 'inconclusive'],
    [['pass', 'skip'], 'pass'],
    [['skip', 'skip'], 'skip'],
    [[], 'inconclusive'],
  ] as const)('of %j is %s', (parts, verdict) => expect(combine(parts)).toBe(verdict))

  test('does not depend on the order or on how the parts are grouped', () =>
    assert(
      property(statuses, statuses, (some, others) => {
        const all = [...some, ...others]
        expect(combine(all.toReversed())).toBe(combine(all))
        if (some.length > 0 && others.length > 0) expect(combine([combine(some), combine(others)])).toBe(combine(all))
      }),
    ))

  test('is one of its parts, and no part outside a subset makes the subset worse', () =>
    assert(
      property(shuffledSubarray([...Status.options], { minLength: 1 }), parts => {
        expect(parts).toContain(combine(parts))
      }),
    ))
})

test('the reason over several is that of the first of the worst, named, with the names of the others', () => {
  expect(
    combineReasons([
      { name: 'a', status: 'inconclusive', reason: 'noisy' },
      { name: 'b', status: 'fail', reason: 'wrong' },
      { name: 'c', status: 'fail', reason: 'wrong too' },
    ]),
  ).toBe('b: wrong; also c')
  expect(combineReasons([{ name: 'a', status: 'pass', reason: null }])).toBeNull()
  expect(combineReasons([])).toBe('nothing was judged')
})
