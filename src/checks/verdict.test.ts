import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Status } from '../words.ts'
import { combine, exitCode } from './verdict.ts'

const status = fc.constantFrom(...Status.options)

describe('a verdict over several', () => {
  it('is the worst: error, fail, inconclusive, pass', () => {
    expect(combine(['pass', 'error', 'fail'])).toBe('error')
    expect(combine(['inconclusive', 'fail', 'pass'])).toBe('fail')
    expect(combine(['pass', 'inconclusive'])).toBe('inconclusive')
    expect(combine(['pass', 'pass'])).toBe('pass')
  })

  it('leaves a skip out, and is a skip where there is nothing else', () => {
    expect(combine(['skip', 'pass'])).toBe('pass')
    expect(combine(['skip', 'skip'])).toBe('skip')
    expect(combine([])).toBe('skip')
  })

  it('does not depend on order or grouping', () => {
    fc.assert(
      fc.property(fc.array(status), fc.array(status), (a, b) => {
        const all = combine([...a, ...b])
        expect(combine([...b, ...a].reverse())).toBe(all)
        expect(combine([combine(a), combine(b)])).toBe(all)
      }),
    )
  })

  it('gives the exit codes 0, 1 and 3', () => {
    expect(Status.options.map(option => [option, exitCode(option)])).toEqual([
      ['pass', 0],
      ['fail', 1],
      ['error', 3],
      ['skip', 0],
      ['inconclusive', 3],
    ])
  })
})
