import { expect, test } from 'vitest'
import { traceConfig } from '../build/config.ts'
import type { Precision } from '../words.ts'
import { lower } from './lower.ts'
import { policyFor } from './policy.ts'
import { weightBytes } from './weight-bytes.ts'

const CONFIG = {
  model_type: 'llama',
  hidden_size: 64,
  intermediate_size: 128,
  vocab_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 16,
}
const TABLE = 96 * 64
const PRODUCTS = 2 * (64 * 8 * 16 + 64 * 64 + 3 * 64 * 128)
const NORMS = 5 * 64

function bytesOf(precision: Precision, isTied: boolean, dialect: 'ort' | 'portable' = 'ort') {
  const graph = traceConfig({ ...CONFIG, tie_word_embeddings: isTied }, 'test')
  return weightBytes(lower(graph, policyFor(precision, dialect)))
}

test.each([
  ['fp32', 4],
  ['fp16', 2],
] as const)('in %s every parameter takes %d bytes, and a pass reads all but the embedding', (precision, size) => {
  const { stored, perPass } = bytesOf(precision, false, 'portable')
  const slack = 2 * NORMS // norms may be kept in fp32
  expect(stored).toBeGreaterThanOrEqual(size * (PRODUCTS + 2 * TABLE + NORMS))
  expect(stored).toBeLessThanOrEqual(size * (PRODUCTS + 2 * TABLE + NORMS) + slack)
  expect(stored - perPass).toBe(size * TABLE)
})

test('a table that is embedding and head at once is stored once, and read by every pass', () => {
  const [tied, untied] = [bytesOf('fp32', true), bytesOf('fp32', false)]
  expect(untied.stored - tied.stored).toBe(4 * TABLE)
  expect(tied.perPass).toBe(untied.perPass)
  expect(tied.perPass).toBe(tied.stored)
})

test('in int8 the matrices take a byte a parameter, and scales beside them', () => {
  const { perPass } = bytesOf('int8', false)
  expect(perPass).toBeGreaterThan(PRODUCTS + TABLE)
  expect(perPass).toBeLessThan(1.2 * (PRODUCTS + TABLE))
})

test('one weight under two names counts once, and is read by every pass where either is', () => {
  const content = { kind: 'weights', names: ['embed'], type: 'f32' } as const
  const constant = (name: string) => ({ name, type: 'f32', shape: [8, 2], content }) as const
  const node = (operator: string, input: string) => ({
    name: operator,
    operator,
    domain: '',
    inputs: [input],
    outputs: [],
    attributes: {},
  })
  const nodes = [node('MatMul', 'head'), node('Gather', 'table')]
  const whole = { stored: 64, perPass: 64 }
  expect(weightBytes({ constants: [constant('head'), constant('table')], nodes })).toEqual(whole)
  expect(weightBytes({ constants: [constant('table'), constant('head')], nodes })).toEqual(whole)
  expect(weightBytes({ constants: [constant('table')], nodes })).toEqual({ stored: 64, perPass: 0 })
})
