import { expect, test } from 'vitest'
import type { CaseOutputs, Outputs } from '../../checks/index.ts'
import { type NamedTensors, tensorOf, tokenTensor } from '../../tensor.ts'
import { type LlmWorkload, randomWorkload, referenceCases } from './cases.ts'
import { workloadOfGolden } from './golden-cases.ts'

const own: LlmWorkload = randomWorkload({
  vocabulary: 16,
  positions: 100,
  stop: [],
  windows: [null],
  positioning: 'relative',
  pass: { matrixElements: 1000, attentionFeatures: 16, heads: 2 },
  mostTflop: 1,
})
const floats = (...shape: number[]) => tensorOf(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)))
const stored = (outputs: NamedTensors, more: NamedTensors = {}): CaseOutputs => ({
  inputs: { input_ids: tokenTensor([[5, 6, 7]]), ...more },
  outputs,
})
const top = { top_ids: tokenTensor([[1]]), top_logits: floats(1, 3, 4) }

const judgedBy = (golden: Outputs) => {
  const { cases, remarks } = workloadOfGolden(own, golden)
  return { kinds: referenceCases({ ...own, cases }).map(({ id }) => id), remarks }
}

test('the last position and the largest logits are cases of logits, and it is said what they do not judge', () => {
  const golden = new Map([
    ['a', stored({ last_logits: floats(1, 16) })],
    ['b', stored({ last_logits: floats(1, 16) })],
    ['c', stored(top)],
  ])
  expect(judgedBy(golden)).toEqual({
    kinds: ['logits.a', 'logits.b', 'logits.c'],
    remarks: [
      'the golden keeps the logits of the last position alone in 2 cases: 4 positions were not judged',
      'the golden keeps the 4 largest logits of a position alone in 1 case: the others were not judged',
    ],
  })
})

test('the largest logits at sampled positions are those of a long text', () => {
  expect(judgedBy(new Map([['x', stored(top, { sampled_positions: tokenTensor([[0, 1, 2]]) })]])).kinds).toEqual([
    'long-context.x',
  ])
})

test('a case that nobody knows is left out, and named', () => {
  const golden = new Map([
    ['a', stored({ logits: floats(1, 3, 16) })],
    ['typo', stored({ logit: floats(1, 3, 16) })],
  ])
  expect(judgedBy(golden)).toEqual({
    kinds: ['logits.a'],
    remarks: ['not judged: 1 case of the golden with outputs that no check of a language model knows: typo (logit)'],
  })
})

test('a whole golden has nothing to remark', () => {
  expect(judgedBy(new Map([['a', stored({ logits: floats(1, 3, 16) })]])).remarks).toEqual([])
})
