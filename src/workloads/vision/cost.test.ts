import { expect, test } from 'vitest'
import { openModel } from '../../build/model.ts'
import { costOf } from './cost.ts'

test.each([
  // torchvision's table of weights: 1.814, 3.664, 4.089 and 7.801 billion multiplications with additions at 224 x 224 px.
  ['resnet18', 1.814e9],
  ['resnet34', 3.664e9],
  ['resnet50', 4.089e9],
  ['resnet101', 7.801e9],
])('arch/%s asks for the multiplications that torchvision states', (name, multiplications) => {
  const model = openModel(`arch/${name}`)
  if (model.kind !== 'vision') throw new Error('no vision model')
  const flops = costOf(model.graph)?.flopsPerImage ?? Number.NaN
  expect(Math.abs(flops / 2 / multiplications - 1)).toBeLessThan(0.001)
})
