import { expect, test } from 'vitest'
import type { CaseOutputs } from '../checks/index.ts'
import { tensorOf, toFloat32, tokenTensor, toNumbers } from '../tensor.ts'
import { type Kept, keepPart } from './partial.ts'

const [POSITIONS, VOCABULARY, K] = [5, 30, 4]
const values = Float32Array.from({ length: POSITIONS * VOCABULARY }, (_, i) => Math.sin(7 * i) * 3 + 1)
const logits = tensorOf([1, POSITIONS, VOCABULARY], values)
const rows = Array.from({ length: POSITIONS }, (_, at) => values.subarray(at * VOCABULARY, (at + 1) * VOCABULARY))
const input_ids = tokenTensor([[3, 1, 4, 1, 5]])

const kept = (stored: CaseOutputs, what: Kept): CaseOutputs => {
  const found = keepPart(new Map([['a', stored]]), what).get('a')
  if (found === undefined) throw new Error('the case is gone')
  return found
}

test('the last position is the last row, as [1, vocabulary]', () => {
  const { outputs } = kept({ inputs: { input_ids }, outputs: { logits } }, { what: 'last' })
  expect(Object.keys(outputs)).toEqual(['last_logits'])
  expect(outputs['last_logits']?.shape).toEqual([1, VOCABULARY])
  expect([...toFloat32(outputs['last_logits'] ?? logits)]).toEqual([...(rows.at(-1) ?? [])])
})

test('the largest of each position are those that sorting puts first, with the RMS of what is centred', () => {
  const { outputs } = kept({ inputs: { input_ids }, outputs: { logits } }, { what: 'top', k: K })
  const sorted = rows.map(row =>
    Array.from(row, (logit, id) => ({ id, logit }))
      .sort((a, b) => b.logit - a.logit)
      .slice(0, K),
  )
  expect(outputs['top_ids']?.shape).toEqual([1, POSITIONS, K])
  expect(toNumbers(outputs['top_ids'] ?? logits)).toEqual(sorted.flat().map(({ id }) => id))
  expect([...toFloat32(outputs['top_logits'] ?? logits)]).toEqual(sorted.flat().map(({ logit }) => logit))
  const deviations = rows.map(row => {
    const mean = row.reduce((sum, value) => sum + value, 0) / VOCABULARY
    return Math.sqrt(row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / VOCABULARY)
  })
  for (const [at, scale] of toFloat32(outputs['logit_scale'] ?? logits).entries())
    expect(scale).toBeCloseTo(deviations[at] ?? Number.NaN, 5)
})

test('no more is kept than there is', () => {
  const { outputs } = kept({ inputs: { input_ids }, outputs: { logits } }, { what: 'top', k: 99 })
  expect(outputs['top_ids']?.shape).toEqual([1, POSITIONS, VOCABULARY])
})

test('of a long text, the last sampled position is kept, or the largest of each', () => {
  const sampled = {
    inputs: { input_ids, sampled_positions: tokenTensor([[0, 2, 3, 4, 9]]) },
    outputs: { sampled_logits: logits },
  }
  const last = kept(sampled, { what: 'last' })
  expect(toNumbers(last.inputs['sampled_positions'] ?? logits)).toEqual([9])
  expect(last.outputs['sampled_logits']?.shape).toEqual([1, 1, VOCABULARY])
  expect([...toFloat32(last.outputs['sampled_logits'] ?? logits)]).toEqual([...(rows.at(-1) ?? [])])
  expect(Object.keys(kept(sampled, { what: 'top', k: K }).outputs)).toEqual(['top_ids', 'top_logits', 'logit_scale'])
})

test('what is no logits stays as it is', () => {
  const sequences = { inputs: { input_ids }, outputs: { sequences: tokenTensor([[1, 2]]) } }
  for (const what of [{ what: 'last' }, { what: 'top', k: K }, { what: 'all' }] as const)
    expect(kept(sequences, what)).toEqual(sequences)
  expect(kept({ inputs: { input_ids }, outputs: { logits } }, { what: 'all' }).outputs['logits']).toBe(logits)
})
