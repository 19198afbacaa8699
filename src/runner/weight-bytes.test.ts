import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { tinyModel, writeCheckpoint } from '../../tests/checkpoints.ts'
import { temporaryDirectory } from '../../tests/temporary.ts'
import { buildArtifact } from '../build/artifact.ts'
import { weightBytes } from './weight-bytes.ts'

test('a built graph weighs its file and its data', () => {
  const folder = temporaryDirectory()
  const { path } = buildArtifact(tinyModel(join(folder, 'model')), 'fp32', 'ort', join(folder, 'home'))
  expect(weightBytes({ form: 'onnx', path })).toBe(statSync(path).size + statSync(`${path}.data`).size)
})

test('a checkpoint weighs its weight files alone', () => {
  const folder = temporaryDirectory()
  writeCheckpoint(folder)
  expect(weightBytes({ form: 'huggingface', path: folder })).toBe(statSync(join(folder, 'model.safetensors')).size)
})

test('a model of fewer bits weighs less', () => {
  const folder = temporaryDirectory()
  const model = tinyModel(join(folder, 'model'), { hidden_size: 256, intermediate_size: 512 })
  const bytes = (['fp32', 'fp16', 'int8', 'int4'] as const).map(precision =>
    weightBytes({ form: 'onnx', path: buildArtifact(model, precision, 'ort', join(folder, 'home')).path }),
  )
  expect(bytes).toEqual(bytes.toSorted((a, b) => b - a))
  // 8 bits and a scale of 32 for each 32, and a zero of 8: 9.25 of 32 bits, of all but the embedding.
  expect((bytes[2] ?? 0) / (bytes[0] ?? 1)).toBeLessThan(0.4)
})
