/** Laws that hold for every check. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CheckResult } from '../events/result.ts'
import { BYTES_PER_ELEMENT, type ElementType, elementCount, type TensorData } from '../tensor.ts'
import { Precision } from '../words.ts'
import type { Outputs } from './check.ts'
import {
  contextOf,
  detections,
  f32,
  integers,
  outputs,
  referenceOf,
  rounded,
  sceneInputs,
  someClasses,
  someLogits,
  tokens,
} from './fixtures.ts'
import { checks } from './index.ts'

const answers = new Map([['generate.a', '1 2 3']])
const decode = (ids: readonly number[]) => ids.join(' ')
const precision = fc.constantFrom(...Precision.options)

/** A model's outputs for every check, from a seed. */
function someCases(seed: number) {
  const logits = someLogits(seed)
  const nll = f32([1, 30], i => 2 + Math.sin(seed + i))
  const margins = f32([1, 3], i => 2 + i)
  return {
    'logits.a': { logits },
    'logits.b': { logits: someLogits(seed + 1) },
    'generate.a': { sequences: tokens(1, 2, 3), margins },
    'generate.b': { sequences: tokens(3, 2, seed % 7), margins },
    'perplexity.0': { nll },
    'perplexity.1': { nll: rounded(nll, 0.1, seed) },
    'stepwise.a': { logits },
    'long-context.a': { sampled_logits: logits },
    'data.0': { logits, sequences: tokens(4, 5) },
    'images.a': { logits: someClasses(seed) },
    'images.b': { logits: someClasses(seed + 1) },
    'scenes.a': detections([10, 10, 50, 50, 0.9, seed % 3], [200, 20, 260, 80, 0.5, 1]),
    'scenes.b': detections([20, 10, 60, 50, 0.8, 1]),
    'scenes.c': detections(),
  }
}

/** Inputs that checks of images look at; every case has them. */
const INPUTS = { ...sceneInputs([10, 10, 50, 50, 1], [300, 300, 340, 340, 2]), labels: integers(3) }

function withSelfChecks(cases: ReturnType<typeof someCases>) {
  const { logits } = cases['stepwise.a']
  return {
    ...cases,
    'stepwise.a': { logits, logits_stepwise: logits },
    'batch.a': { logits, logits_batched: logits },
    'padding.a': { logits, logits_padded: logits },
    'rotary.a': { logits, logits_shifted: logits },
    'rotary.b': { logits, logits_stretched: rounded(logits, 0.5) },
    'window.a': { outside: logits, outside_changed: logits },
    'window.b': { inside: logits, inside_changed: rounded(logits, 0.5) },
    'logits.a': { logits, logits_again: logits },
  }
}

describe.each(Object.entries(checks))('%s', (name, check) => {
  it('stands in the map under its own name', () => {
    expect(check.name).toBe(name)
    expect(check.summary).not.toBe('')
  })

  it('passes a reference beside itself, at any precision', () => {
    fc.assert(
      fc.property(fc.nat(1000), precision, (seed, wanted) => {
        const cases = someCases(seed)
        const result = check.judge(
          referenceOf(cases, INPUTS),
          outputs(withSelfChecks(cases), INPUTS),
          contextOf(wanted, { decode, answers }),
        )
        expect(result).toMatchObject({ status: 'pass', reason: null })
        for (const metric of [
          'maxAbs',
          'relL2',
          'disagreements',
          'perplexityDifference',
          'differingElements',
          'elementError',
        ])
          expect(result.metrics[metric] ?? 0).toBe(0)
      }),
      { numRuns: 40 },
    )
  })

  it('gives the same verdict in whatever order the cases come', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(), fc.double({ min: 0, max: 1e-3, noNaN: true }), (seed, order, error) => {
        const cases = someCases(seed)
        const entries = Object.entries(withSelfChecks(cases)).map(
          ([id, tensors]) =>
            [id, 'logits' in tensors ? { ...tensors, logits: rounded(tensors.logits, error) } : tensors] as const,
        )
        const judge = (device: Outputs) =>
          check.judge(referenceOf(cases, INPUTS), device, contextOf('fp32', { decode, answers }))
        const turned = order % entries.length
        const permuted = [...entries.slice(turned), ...entries.slice(0, turned)].reverse()
        const [a, b] = [
          judge(outputs(Object.fromEntries(entries), INPUTS)),
          judge(outputs(Object.fromEntries(permuted), INPUTS)),
        ]
        expect(b.status).toBe(a.status)
        expect(b.samples).toBe(a.samples)
        expect(b.cases.toSorted(byId)).toEqual(a.cases.toSorted(byId))
      }),
      { numRuns: 40 },
    )
  })

  it('never throws, and never passes garbage beside a sound reference', () => {
    fc.assert(
      fc.property(garbage, precision, (device, wanted) => {
        const reference = referenceOf(someCases(1), INPUTS)
        const result = check.judge(reference, device, contextOf(wanted, { decode, answers }))
        expect(CheckResult.safeParse(result).error).toBeUndefined()
        // Of the device alone there may be something sound in the garbage: an empty output given twice.
        if (result.reference !== null) expect(result.status).toBe('fail')
      }),
      { numRuns: 200 },
    )
  })

  it('never throws for garbage as the reference', () => {
    fc.assert(
      fc.property(garbage, precision, (broken, wanted) => {
        const device = outputs(withSelfChecks(someCases(1)), INPUTS)
        const result = check.judge({ name: 'garbage', outputs: broken }, device, contextOf(wanted, { decode, answers }))
        expect(CheckResult.safeParse(result).error).toBeUndefined()
      }),
      { numRuns: 200 },
    )
  })

  it('never throws for garbage as the inputs', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...Object.keys(INPUTS)), anyTensor, { noNullPrototype: true }),
        inputs => {
          const cases = someCases(1)
          const result = check.judge(
            referenceOf(cases, inputs),
            outputs(withSelfChecks(cases), inputs),
            contextOf('fp32', { decode, answers }),
          )
          expect(CheckResult.safeParse(result).error).toBeUndefined()
        },
      ),
    )
  })

  it('is skipped where there is nothing at all', () => {
    const result = check.judge(referenceOf({}), outputs({}), contextOf('fp32', { decode, answers }))
    expect(result.status).toBe('skip')
    expect(result.reason).not.toBeNull()
  })
})

const byId = (a: { id: string }, b: { id: string }) => a.id.localeCompare(b.id)

/** Tensors whose bytes need not be those of their shape. */
const anyTensor: fc.Arbitrary<TensorData> = fc
  .record({
    type: fc.constantFrom(...(Object.keys(BYTES_PER_ELEMENT) as ElementType[])),
    shape: fc.oneof(fc.constant([1, 3]), fc.constant([1, 2, 5]), fc.array(fc.nat(3), { maxLength: 4 })),
    isWhole: fc.boolean(),
    bytes: fc.uint8Array({ minLength: 0, maxLength: 64 }),
  })
  .map(({ type, shape, isWhole, bytes }) => {
    if (!isWhole) return { type, shape, bytes }
    const length = elementCount(shape) * BYTES_PER_ELEMENT[type]
    return { type, shape, bytes: Uint8Array.from({ length }, (_, i) => bytes[i % Math.max(1, bytes.length)] ?? 0) }
  })

/** Every output that a check looks at, and one that none does. */
const OUTPUTS = [
  ...new Set(Object.values(withSelfChecks(someCases(1))).flatMap(tensors => Object.keys(tensors))),
  'other',
]

const garbage: fc.Arbitrary<Outputs> = fc
  .array(
    fc.tuple(
      fc.constantFrom(...Object.keys(withSelfChecks(someCases(1))), 'logits.z', 'other'),
      fc.dictionary(fc.constantFrom(...OUTPUTS), anyTensor, { noNullPrototype: true }),
    ),
  )
  .map(entries => outputs(Object.fromEntries(entries)))
