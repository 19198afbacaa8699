/** Small vision models, made where a test needs them. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { traceConfig } from '../../src/build/config.ts'
import { openModel, type VisionModel } from '../../src/build/model.ts'
import { seededDeclarations } from '../../src/build/seeded-declarations.ts'
import { BYTES_PER_ELEMENT, elementCount } from '../../src/tensor.ts'
import { writeShardedSafetensors } from '../../src/weights/safetensors-write.ts'
import { seededWeights } from '../../src/weights/seeded.ts'

/** A ResNet of one block a stage, for three classes of 32 x 32 px. */
export const TINY_RESNET = {
  model_type: 'resnet',
  embedding_size: 8,
  hidden_sizes: [8, 16],
  depths: [1, 1],
  layer_type: 'basic',
  image_size: 32,
  id2label: { 0: 'red', 1: 'green', 2: 'blue' },
} as const

/** A YOLOv8 of a sixteenth of its width, for two classes of 64 x 64 px. */
export const TINY_YOLO = {
  model_type: 'yolov8',
  depth_multiple: 0.33,
  width_multiple: 0.0625,
  max_channels: 256,
  image_size: 64,
  score_threshold: 0.5,
  id2label: { 0: 'cat', 1: 'dog' },
} as const

/** Writes a directory with seeded weights and, where it is given, a preprocessor_config.json; and opens it. */
export function visionModel(
  folder: string,
  config: Readonly<Record<string, unknown>> = {},
  preprocessor: unknown = null,
  base: Readonly<Record<string, unknown>> = TINY_RESNET,
): VisionModel {
  const directory = join(folder, 'model')
  const whole = { ...base, ...config }
  const weights = seededWeights(seededDeclarations(traceConfig(whole, directory)), 3)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'config.json'), JSON.stringify(whole))
  if (preprocessor !== null) writeFileSync(join(directory, 'preprocessor_config.json'), JSON.stringify(preprocessor))
  const entries = Array.from(weights.weights, ([name, info]) => ({
    name,
    ...info,
    chunks: () => [weights.read(name, 0, elementCount(info.shape) * BYTES_PER_ELEMENT[info.type]).slice()],
  }))
  writeShardedSafetensors(directory, entries, 1e9)
  const model = openModel(directory)
  if (model.kind !== 'vision') throw new Error('no vision model')
  return model
}
