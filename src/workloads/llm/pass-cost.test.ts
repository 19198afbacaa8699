import { expect, test } from 'vitest'
import { TINY_CONFIG, traceLanguage } from '../../../tests/checkpoints.ts'
import { passBytes, passShape, passTflop, tooMuch } from './pass-cost.ts'

const { hidden_size: d, intermediate_size: f, vocab_size: v, num_hidden_layers: layers } = TINY_CONFIG
const shape = passShape(traceLanguage(TINY_CONFIG, 'tiny'))

test('a pass multiplies each token by every matrix but the embedding, and by the keys and values of every token', () => {
  const [queries, keys] = [4 * 16, 2 * 16]
  const matrices = layers * (2 * d * queries + 2 * d * keys + 3 * d * f) + d * v
  expect(shape).toEqual({ matrixElements: matrices, attentionFeatures: layers * queries, heads: 4 })
  expect(passTflop(shape, 10)).toBeCloseTo((2 * 10 * matrices + layers * 2 * (2 * 10 * 10 * queries)) / 1e12, 20)
})

test('a tied head counts as much as one of its own', () => {
  const tied = traceLanguage({ ...TINY_CONFIG, tie_word_embeddings: true }, 'tied')
  expect(passShape(tied)).toEqual(shape)
})

test('a pass is too much by its arithmetic or by its scores, and the reason has the figures', () => {
  const large = { matrixElements: 7e9, attentionFeatures: 32 * 4096, heads: 32 }
  expect(tooMuch(large, 1024, 100)).toBe(null)
  expect(tooMuch(large, 4096, 2)).toBe('4096 tokens in one pass take 66 TFLOP, more than the 2 of limits.passTflop')
  expect(passBytes(large, 4096)).toBe(3 * 32 * 4096 * 4096 * 4)
  expect(tooMuch(large, 8192, 1000)).toBe(
    'the attention of 8192 tokens takes 24 GiB, more than the 4 that a check may take',
  )
})
