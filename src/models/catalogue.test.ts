import { expect, test } from 'vitest'
import { traceConfig } from '../build/config.ts'
import { elementCount } from '../tensor.ts'
import { catalogue } from './catalogue.ts'

test.each(Object.keys(catalogue))('arch/%s can be traced', name => {
  const entry = Object.entries(catalogue).find(([key]) => key === name)?.[1]
  expect(traceConfig(entry?.config ?? {}, name).logits.shape).toEqual(['batch', 'tokens', entry?.config.vocab_size])
})

test('arch/llama-125m has the parameters of its shapes', () => {
  const graph = traceConfig(catalogue['llama-125m'].config, 'llama-125m')
  const total = [...graph.weights.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0)
  const perLayer = 2 * 768 * 768 + 2 * 768 * 256 + 3 * 768 * 2048 + 2 * 768
  expect(total).toBe(2 * 32000 * 768 + 12 * perLayer + 768)
})
