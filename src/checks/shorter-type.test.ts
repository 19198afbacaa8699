import { expect, test } from 'vitest'
import type { CheckResult } from '../events/result.ts'
import { skipped } from './conclusion.ts'
import { RELATIVE_ERROR } from './defaults.ts'
import { explainByType } from './shorter-type.ts'

function off(relL2: number, more: Partial<CheckResult> = {}): CheckResult {
  const result = skipped('logits-parity', 'relL2 is over its limit', null)
  return { ...result, status: 'fail', metrics: { relL2 }, thresholds: { relL2: RELATIVE_ERROR.fp32 }, ...more }
}

const openvino = {
  computedIn: ['bf16'],
  evidence: 'INFERENCE_PRECISION_HINT is bf16',
  remedy: 'options: { openvino: { INFERENCE_PRECISION_HINT: f32 } }',
}

test('an error of the type that the runtime says it computed in is called so, with its property and how to ask again', () => {
  const result = explainByType(off(3e-3), 'fp32', openvino)
  expect(result.status).toBe('fail')
  expect(result.reason).toBe(
    'relL2 is over its limit; asked for fp32, and the error is that of bf16 (relL2 0.00300, and bf16 explains up to 0.08), which the runtime ' +
      'says itself (INFERENCE_PRECISION_HINT is bf16); to compute in fp32, in the plan: options: { openvino: { INFERENCE_PRECISION_HINT: f32 } }',
  )
})

test('an error beyond what the shorter type explains is not excused by it', () => {
  const { reason } = explainByType(off(0.3), 'fp32', openvino)
  expect(reason).toContain('explains an error of up to 0.08, not relL2 0.300: something else is wrong too')
  const tf32 = { computedIn: ['tf32'], evidence: 'allow_tf32 is True' }
  expect(explainByType(off(0.03), 'fp32', tf32).reason).toContain('something else is wrong too')
  expect(explainByType(off(3e-3), 'fp32', tf32).reason).toContain('the error is that of tf32')
})

test('a runtime that says nothing, or that it computed as asked, is told which type such an error would be of', () => {
  expect(explainByType(off(3e-3), 'fp32', null).reason).toMatch(
    /of relL2 0\.00300 is as large as rounding to TF32 or fp16 gives; the runtime does not say what it computed in$/,
  )
  const claims = explainByType(off(3e-2), 'fp32', { computedIn: ['fp32'] })
  expect(claims.reason).toMatch(
    /is as large as rounding to bf16 gives; the runtime says that it computed in fp32: perhaps a function that it only approximates$/,
  )
})

test('an error that no type explains, or of a precision with nothing shorter, is left as it is', () => {
  expect(explainByType(off(0.3), 'fp32', null)).toEqual(off(0.3))
  expect(explainByType(off(0.09), 'bf16', { computedIn: ['bf16'] })).toEqual(off(0.09))
  const wide = off(0.03, { thresholds: { relL2: RELATIVE_ERROR.fp16 } })
  expect(explainByType(wide, 'fp16', { computedIn: ['fp16'] }).reason).toContain('as large as rounding to bf16 gives')
})

test('what passed, failed for something else, or measured nothing is left as it is', () => {
  const passed = off(1e-5, { status: 'pass', reason: null })
  expect(explainByType(passed, 'fp32', openvino)).toEqual(passed)
  const flipped = off(1e-5)
  expect(explainByType(flipped, 'fp32', openvino)).toEqual(flipped)
  const missing = off(1, { metrics: {}, reason: 'output logits is missing' })
  expect(explainByType(missing, 'fp32', openvino)).toEqual(missing)
})
