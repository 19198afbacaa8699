import { expect, test } from 'vitest'
import { tensorOf } from '../tensor.ts'
import { indicesWhere, nonMaxSuppression, roiAlign, rowsAt, topK } from './regions.ts'
import { Scope } from './scope.ts'
import type { Shape } from './shape.ts'
import { Recorder, type ValueType } from './tensor.ts'

const recorder = new Recorder()
const scope = new Scope('head', { recorder, weights: new Map(), names: new Map() })
const value = (shape: Shape, type: ValueType = 'float') =>
  recorder.value('head', { kind: 'input', name: 'x' }, [], shape, type)
const suppression = { iou: 0.5, score: null, leastSide: 0, most: 9 }

test('what is found has a size of its own name, and rows keep the shape behind it', () => {
  expect(topK(value([7]), 9, 'best').shape).toEqual([7])
  expect(topK(value(['n']), 9, 'best').shape).toEqual(['best'])
  const found = indicesWhere(value([7]), { from: 1 }, 'found')
  expect([found.shape, found.type]).toEqual([['found'], 'int'])
  expect(rowsAt(value([7, 4, 2], 'exact'), found)).toMatchObject({ shape: ['found', 4, 2], type: 'exact' })
  expect(rowsAt(value([3, 7, 4]), found, found).shape).toEqual(['found', 4])
  const { groups, rows } = nonMaxSuppression(value([5, 'n', 4]), value([5, 'n']), suppression, 'kept')
  expect([groups.shape, rows.shape, rows.type]).toEqual([['kept'], ['kept'], 'int'])
  const pooled = roiAlign(value([1, 16, 20, 20]), value(['n', 4]), { size: 7, scale: 0.25, samples: 2 })
  expect(pooled.shape).toEqual(['n', 16, 7, 7])
  expect(value(['a', 4]).concat([value(['b', 4])], 0, 'both').shape).toEqual(['both', 4])
})

test('shapes that do not fit are refused at their place', () => {
  expect(() => topK(value([7, 2]), 9, 'best')).toThrow('head: topK of [7, 2]')
  expect(() => rowsAt(value([7, 2]), value([3]))).toThrow('head: indices are whole numbers of one shape')
  expect(() => rowsAt(value([7]), value([3], 'int'), value([3], 'int'))).toThrow('head: 2 indices into [7]')
  expect(() => nonMaxSuppression(value([1, 9, 4]), value([1, 8]), suppression, 'kept')).toThrow(
    'head: boxes [1, 9, 4] with scores [1, 8]',
  )
  expect(() => roiAlign(value(['batch', 3, 8, 8]), value([2, 4]), { size: 7, scale: 1, samples: 2 })).toThrow(
    'head: boxes [2, 4] of [batch, 3, 8, 8]',
  )
  expect(() => value(['a', 4]).concat([value(['b', 4])], 0)).toThrow('varies')
})

test('whole numbers are added to whole numbers alone, and an exact value makes the sum exact', () => {
  const one = scope.constant('one', tensorOf([1], BigInt64Array.of(1n)))
  expect(value(['n'], 'int').add(one).type).toBe('int')
  expect(value([2]).add(value([2], 'exact')).type).toBe('exact')
  expect(value([2], 'exact').sigmoid().type).toBe('exact')
  expect(() => value([1]).add(one)).toThrow('head: add of float and int (head.one)')
})

test('an axis whose size varies may be merged with axes of one', () => {
  expect(value(['n', 1, 4]).rearrange('n one k -> (n one) k').shape).toEqual(['n', 4])
  expect(() => value(['n', 2, 4]).rearrange('n two k -> (n two) k')).toThrow('varies')
})
