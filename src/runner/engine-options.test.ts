import { expect, test } from 'vitest'
import { dialectOf, workerOptions } from './engine-options.ts'

const options = { ort: { dialect: 'portable', threads: 2 }, torch: { compile: true } }

test('the dialect of a plan is read by the host, and goes to no worker', () => {
  expect(dialectOf(options, 'ort')).toBe('portable')
  expect(workerOptions(options, 'ort')).toEqual({ threads: 2 })
  expect(dialectOf(options, 'torch')).toBeNull()
  expect(workerOptions(options, 'torch')).toEqual({ compile: true })
  expect(workerOptions(options, 'openvino')).toEqual({})
})

test.each(['onnx', 1, true])('a dialect that is none, %j, is named with its place', asked => {
  expect(() => dialectOf({ ort: { dialect: asked } }, 'ort')).toThrow(
    expect.objectContaining({ code: 'plan-invalid', where: 'options.ort.dialect', hint: 'dialects: portable, ort' }),
  )
})
