import { expect, test } from 'vitest'
import { traceConfig } from './config.ts'
import { seededDeclarations } from './seeded-declarations.ts'

const declared = (config: Readonly<Record<string, unknown>>) => seededDeclarations(traceConfig(config, 'test'))

test('a filter keeps the size of what goes through it, by what reads it behind its norm', () => {
  const weights = declared({
    model_type: 'resnet',
    depths: [1],
    hidden_sizes: [32],
    embedding_size: 16,
    layer_type: 'basic',
  })
  const block = 'resnet.encoder.stages.0.layers.0'
  const scaleOf = (name: string) => weights.get(`${name}.weight`)?.scale
  expect(scaleOf('resnet.embedder.embedder.convolution')).toBeCloseTo(Math.sqrt(2 / (3 * 49)), 12) // a ReLU
  expect(scaleOf(`${block}.layer.0.convolution`)).toBeCloseTo(Math.sqrt(2 / (16 * 9)), 12)
  expect(scaleOf(`${block}.layer.1.convolution`)).toBeCloseTo(0.5 / Math.sqrt(32 * 9), 12) // the sum
  expect(scaleOf('classifier.1')).toBeCloseTo(1 / Math.sqrt(32), 12) // the output
})

test('a classifier of regions has shares that differ, so that some box is found', () => {
  const weights = declared({ model_type: 'faster_rcnn', representation_size: 64 })
  const predictor = 'roi_heads.box_predictor'
  expect(weights.get(`${predictor}.cls_score.weight`)?.scale).toBeCloseTo(8 / Math.sqrt(64), 12)
  expect(weights.get(`${predictor}.bbox_pred.weight`)?.scale).toBeCloseTo(1 / Math.sqrt(64), 12)
})

test('norms do nothing until somebody says what they saw', () => {
  const weights = declared({ model_type: 'resnet', depths: [1], hidden_sizes: [32], embedding_size: 16 })
  const norm = 'resnet.embedder.embedder.normalization'
  const inits = ['weight', 'running_mean', 'running_var'].map(name => weights.get(`${norm}.${name}`)?.init)
  expect(inits).toEqual(['ones', 'zeros', 'ones'])
})

test('a language model has the usual deviation throughout', () => {
  const sizes = { hidden_size: 32, intermediate_size: 64, vocab_size: 50, num_hidden_layers: 1, num_attention_heads: 2 }
  const weights = declared({ model_type: 'llama', ...sizes })
  expect([...weights.values()].flatMap(({ scale }) => scale ?? [])).toEqual([])
})
