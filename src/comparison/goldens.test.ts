import { describe, expect, test } from 'vitest'
import type { CaseOutputs, Outputs } from '../checks/index.ts'
import { keepPart } from '../goldens/partial.ts'
import { type NamedTensors, type TensorData, tensorOf, toFloat32, tokenTensor } from '../tensor.ts'
import { ComparisonDocument } from './document.ts'
import { compareGoldens, type GoldenSide } from './goldens.ts'

const [POSITIONS, VOCABULARY] = [6, 24]
const logits = tensorOf(
  [1, POSITIONS, VOCABULARY],
  Float32Array.from({ length: POSITIONS * VOCABULARY }, (_, i) => 4 * Math.sin(11 * i + 1)),
)
const input_ids = tokenTensor([[1, 2, 3, 4, 5, 6]])
const stored = (outputs: NamedTensors, ids: TensorData = input_ids): CaseOutputs => ({
  inputs: { input_ids: ids },
  outputs,
})
const CASES = new Map([
  ['logits.a', stored({ logits })],
  ['generate.a', stored({ sequences: tokenTensor([[7, 8, 9]]), margins: tensorOf([1, 3], Float32Array.of(1, 1, 1)) })],
  ['perplexity.0', stored({ nll: tensorOf([1, 5], Float32Array.of(1, 2, 3, 4, 5)) })],
])
const side = (outputs: Outputs, more: Partial<GoldenSide> = {}): GoldenSide => ({
  ...{ name: 'a.safetensors', model: 'zoo/llama', fingerprint: 'f'.repeat(64), precision: 'fp32', producer: 'torch' },
  ...{ outputs, ...more },
})
const with_ = (id: string, outputs: NamedTensors): Outputs => new Map([...CASES, [id, stored(outputs)]])
const mapped = (change: (value: number, index: number) => number) =>
  tensorOf(logits.shape, toFloat32(logits).map(change))

const compared = (a: GoldenSide, b: GoldenSide) => {
  const comparison = compareGoldens(a, b)
  expect(ComparisonDocument.parse(JSON.parse(JSON.stringify(comparison)))).toEqual(comparison)
  return comparison
}
const sentences = (comparison: ComparisonDocument) => comparison.findings.map(({ sentence }) => sentence)
const of = (comparison: ComparisonDocument, output: string) => comparison.outputs.find(one => one.output === output)

test('a golden against itself is the same, bit for bit, in each form', () => {
  for (const kept of [{ what: 'all' }, { what: 'last' }, { what: 'top', k: 8 }] as const) {
    const golden = side(keepPart(CASES, kept))
    const comparison = compared(golden, golden)
    expect(comparison.outputs.map(({ status }) => status)).toEqual(['identical', 'identical', 'identical'])
    const positions = kept.what === 'last' ? '1 position' : '6 positions'
    expect(sentences(comparison)).toEqual([
      `the 5 most probable tokens are the same at each of ${positions}`,
      'all 3 outputs are the same, bit for bit',
    ])
  }
})

describe('logits that differ', () => {
  test('give their errors, by a closed form', () => {
    const comparison = compared(side(CASES), side(with_('logits.a', { logits: mapped(value => 1.5 * value) })))
    expect(of(comparison, 'logits')).toMatchObject({
      status: 'differs',
      metrics: { relL2: expect.closeTo(0.5, 6), cosine: expect.closeTo(1, 9), top1: 1 },
      topFive: { positions: POSITIONS, identical: POSITIONS, first: null },
    })
  })

  test('say where the five most probable tokens first are not the same, in order', () => {
    const row = Array.from(toFloat32(logits).subarray(2 * VOCABULARY, 3 * VOCABULARY), (logit, id) => ({ logit, id }))
    const [, , third, fourth] = row.sort((x, y) => y.logit - x.logit)
    if (third === undefined || fourth === undefined) throw new Error('too few tokens')
    const at = (id: number) => 2 * VOCABULARY + id
    const swapped = mapped((value, i) =>
      i === at(third.id) ? fourth.logit : i === at(fourth.id) ? third.logit : value,
    )
    const comparison = compared(side(CASES), side(with_('logits.a', { logits: swapped })))
    const { topFive } = of(comparison, 'logits') ?? {}
    expect(topFive).toMatchObject({ identical: POSITIONS - 1, first: { position: 2 } })
    expect(topFive?.first?.a).toEqual(row.slice(0, 5).map(({ id }) => id))
    expect(topFive?.first?.b[2]).toBe(fourth.id)
    expect(sentences(comparison)[0]).toMatch(
      /are the same at 5 of 6 positions, and differ at 1, first at position 2 of logits\.a:/,
    )
  })

  test('are looked at where a side keeps the largest alone, or the last', () => {
    const other = with_('logits.a', { logits: mapped(value => 1.5 * value) })
    const top = compared(side(CASES), side(keepPart(other, { what: 'top', k: 8 })))
    expect(of(top, 'top_logits')).toMatchObject({
      status: 'differs',
      metrics: { relL2: expect.closeTo(0.5, 6), sharedTokens: 1 },
      topFive: { identical: POSITIONS },
    })
    expect(of(top, 'logits')).toBeUndefined()
    const last = compared(side(keepPart(other, { what: 'last' })), side(CASES))
    expect(of(last, 'last_logits')).toMatchObject({
      metrics: { relL2: expect.closeTo(1 / 3, 6) },
      topFive: { positions: 1 },
    })
  })

  test('of which one side keeps fewer are not the same', () => {
    const [eight, five] = [8, 5].map(k => side(keepPart(CASES, { what: 'top', k })))
    if (eight === undefined || five === undefined) throw new Error('no sides')
    expect(of(compared(eight, five), 'top_logits')).toMatchObject({
      status: 'differs',
      metrics: { maxAbs: 0, sharedTokens: 5 / 8 },
    })
  })

  test('hold a NaN on one side', () => {
    const comparison = compared(
      side(CASES),
      side(with_('logits.a', { logits: mapped((v, i) => (i === 3 ? Number.NaN : v)) })),
    )
    expect(of(comparison, 'logits')).toMatchObject({ status: 'differs', metrics: { nanA: 0, nanB: 1 } })
  })
})

test('tokens say where they part', () => {
  const comparison = compared(side(CASES), side(with_('generate.a', { sequences: tokenTensor([[7, 1, 2]]) })))
  expect(of(comparison, 'sequences')).toMatchObject({ status: 'differs', metrics: { differing: 2, first: 1 } })
  expect(sentences(comparison)).toContain('sequences differs at 2 places, first at 1')
})

test('what cannot be compared says why, and what a side lacks is named', () => {
  const other = new Map(CASES)
  other.delete('perplexity.0')
  other.set('logits.a', stored({ logits: tensorOf([1, 1, VOCABULARY], new Float32Array(VOCABULARY)) }))
  other.set('generate.a', stored({ sequences: tokenTensor([[7, 8, 9]]) }, tokenTensor([[9]])))
  other.set('logits.new', stored({ logits }))
  const comparison = compared(side(CASES), side(other))
  expect(sentences(comparison)).toEqual([
    'logits cannot be compared: f32 [1, 6, 24] in A, f32 [1, 1, 24] in B',
    'sequences cannot be compared: the two answered other inputs (input_ids)',
    'nll is in A alone',
    'logits is in B alone',
  ])
})

test('another model, precision, producer or fingerprint is said first', () => {
  const b = side(CASES, { model: 'zoo/mistral', precision: 'fp16', producer: 'an NPU', fingerprint: 'e'.repeat(64) })
  expect(sentences(compared(side(CASES), b)).slice(0, 4)).toEqual([
    'another model: zoo/llama in A, zoo/mistral in B',
    'another precision: fp32 in A, fp16 in B',
    'another producer: torch in A, an NPU in B',
    'the goldens are of other configs or weights (fingerprints)',
  ])
  expect(sentences(compared(side(CASES), side(CASES, { fingerprint: '' })))[0]).toMatch(/same at each/)
})
