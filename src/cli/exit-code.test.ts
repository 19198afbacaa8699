import { expect, test } from 'vitest'
import { Status } from '../words.ts'
import { exitOf } from './exit-code.ts'

test('a verdict exits with 0 where all is well, 1 where something is wrong, 3 where it could not be told', () => {
  expect(Status.options.map(status => [status, exitOf(status)])).toEqual([
    ['pass', 0],
    ['fail', 1],
    ['error', 3],
    ['skip', 0],
    ['inconclusive', 3],
  ])
})
