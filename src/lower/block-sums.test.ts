import { expect, test } from 'vitest'
import { TINY_CONFIG } from '../../tests/checkpoints.ts'
import { traceConfig } from '../build/config.ts'
import { toFloat32 } from '../tensor.ts'
import { lower, policyFor } from './index.ts'

/** For what feeds down_proj: the constant that the sums come from, as [row, column] of its ones, and the operators around it. */
function sumsOf(features: number) {
  const graph = traceConfig({ ...TINY_CONFIG, num_hidden_layers: 1, intermediate_size: features }, 'tiny')
  const { nodes, constants } = lower(graph, policyFor('int4', 'portable'))
  const down = nodes.find(({ operator, inputs }) => operator === 'DequantizeLinear' && inputs[0]?.includes('down_proj'))
  const width = constants.find(({ name }) => name === down?.inputs[0])?.shape[1] ?? 0
  const concat = nodes.findLast(({ operator, outputs: [output] }) => operator === 'Concat' && output?.includes('/sums'))
  const product = nodes.find(({ outputs: [output] }) => output === concat?.inputs[1])
  const places = constants.find(({ name }) => name === product?.inputs[1])
  if (places?.content.kind !== 'values') throw new Error('there are no places')
  const values = toFloat32(places.content.tensor)
  expect(new Set(values)).toEqual(new Set([0, 1]))
  const [, added = 0] = places.shape
  const ones = Array.from(values.keys()).filter(at => values[at] === 1)
  const before = nodes.find(({ outputs: [output] }) => output === product?.inputs[0])
  return {
    width,
    shape: places.shape,
    ones: ones.map(at => [Math.floor(at / added), at % added]),
    before: before?.operator,
  }
}

test.each([
  ['fills whole blocks', 64, 0, 32],
  ['leaves the last one part empty', 80, 16, 32],
  ['has more blocks than one of offsets holds', 1056, 0, 64],
  ['has more, the last one part empty', 1064, 24, 64],
])('where a row %s, each feature is added to the two places of its block', (_, features, padding, offsets) => {
  const { width, shape, ones } = sumsOf(features)
  const isDirect = shape[0] === features
  expect(width).toBe(features + padding + 2 * offsets)
  expect(shape).toEqual([isDirect ? features : features / 32, padding + 2 * offsets])
  expect(ones).toEqual(
    Array.from({ length: shape[0] ?? 0 }, (_, row) => {
      const block = isDirect ? Math.floor(row / 32) : row
      return [padding + block, padding + offsets + block].map(column => [row, column])
    }).flat(),
  )
})

test('a wide row is reduced to the sums of its blocks first', () => {
  expect(sumsOf(1056).before).toBe('ReduceSum')
  expect(sumsOf(64).before).not.toBe('ReduceSum')
})
