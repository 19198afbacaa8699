import { expect, test } from 'vitest'
import { traceConfig } from '../build/config.ts'
import { openModel } from '../build/model.ts'
import { elementCount } from '../tensor.ts'
import { type CatalogueEntry, catalogue } from './catalogue.ts'

function parametersOf(config: Readonly<Record<string, unknown>>): number {
  const { weights } = traceConfig(config, 'config.json')
  return [...weights.values()]
    .filter(({ role }) => role !== 'mean' && role !== 'variance') // statistics, which no training moves
    .reduce((sum, { shape }) => sum + elementCount(shape), 0)
}

test.each(Object.entries<CatalogueEntry>(catalogue))('arch/%s can be traced', (name, { config }) => {
  const { inputs, outputs, kind } = traceConfig(config, name)
  const isOneByOne = config['model_type'] === 'faster_rcnn'
  expect(inputs[0]?.shape[0]).toBe(isOneByOne ? 1 : 'batch')
  const [first] = outputs.values()
  expect(first?.shape[0]).toBe(isOneByOne ? 'detections' : 'batch')
  if (kind === 'language') expect(first?.shape).toEqual(['batch', 'tokens', config['vocab_size']])
})

/** Published: the sizes that Hugging Face shows for the checkpoints' safetensors. */
test.each([
  ['llama-3-8b', 8_030_261_248],
  ['llama-3-70b', 70_553_706_496],
  ['mistral-7b', 7_241_732_096],
  ['gpt2', 124_439_808],
] as const)('arch/%s has the parameters of the published checkpoint', (name, published) => {
  expect(parametersOf(catalogue[name].config)).toBe(published)
})

/** Published: for YOLOv8 what its trainer prints of each size, layers not yet fused. */
test.each([
  ['fasterrcnn-resnet50-fpn-v2', 43_712_278], // num_params of its weights in torchvision
  ['yolov8n', 3_157_200],
  ['yolov8s', 11_166_560],
  ['yolov8m', 25_902_640],
  ['yolov8l', 43_691_520],
  ['yolov8x', 68_229_648],
] as const)('arch/%s has the parameters of the published detector', (name, published) => {
  expect(parametersOf(catalogue[name].config)).toBe(published)
})

/** Black et al., arXiv:2204.06745, table 1 and section 2: width 6144, 44 layers, untied embeddings of a vocabulary padded to 50432. */
test('arch/gpt-neox-20b has the parameters of its paper', () => {
  const [width, inner, layers, vocabulary] = [6144, 4 * 6144, 44, 50432]
  const attention = width * 3 * width + 3 * width + width * width + width
  const feedForward = width * inner + inner + inner * width + width
  const norms = 2 * 2 * width
  const total = layers * (attention + feedForward + norms) + 2 * vocabulary * width + 2 * width
  expect(total).toBe(20_554_567_680)
  expect(parametersOf(catalogue['gpt-neox-20b'].config)).toBe(total)
})

test('arch/llama-125m has the parameters of its shapes', () => {
  const perLayer = 2 * 768 * 768 + 2 * 768 * 256 + 3 * 768 * 2048 + 2 * 768
  expect(parametersOf(catalogue['llama-125m'].config)).toBe(2 * 32000 * 768 + 12 * perLayer + 768)
})

/**
 * Published: torchvision's `num_params` of the weights of each (its documentation, Models and pre-trained weights); of Lite0, timm's
 * model card.
 */
test.each([
  ['resnet18', 11_689_512],
  ['resnet34', 21_797_672],
  ['resnet50', 25_557_032],
  ['resnet101', 44_549_160],
  ['vit-b-16', 86_567_656],
  ['efficientnet-b0', 5_288_548],
  ['efficientnet-v2-s', 21_458_488],
  ['efficientnet-lite0', 4_652_008],
] as const)('arch/%s has the parameters that are published, statistics not among them', (name, published) => {
  const model = openModel(`arch/${name}`)
  if (model.kind !== 'vision') throw new Error('no vision model')
  expect(model.parameters).toBe(published)
  expect(model.graph.classes).toBe(1000)
})

/** The same source; those that have no entry of their own. */
test.each([
  [{ architecture: 'efficientnet_b1' }, 7_794_184, 240],
  [{ architecture: 'efficientnet_b4' }, 19_341_616, 380],
  [{ architecture: 'efficientnet_b7' }, 66_347_960, 600],
  [{ model_type: 'efficientnet', depthwise_padding: [18] }, 66_347_960, 600], // as google/efficientnet-b7 says
  [{ architecture: 'efficientnet_v2_m' }, 54_139_356, 480],
  [{ architecture: 'efficientnet_v2_l' }, 118_515_272, 480],
  [{ architecture: 'vit_b_32' }, 88_224_232, 224],
  [{ architecture: 'vit_l_16' }, 304_326_632, 224],
  [{ architecture: 'vit_huge_patch14_224' }, 632_045_800, 224],
] as const)('%j has %d parameters and images of %d rows', (config, published, rows) => {
  const graph = traceConfig(config, 'config.json')
  const trained = [...graph.weights.values()].filter(({ role }) => role !== 'mean' && role !== 'variance')
  expect(trained.reduce((sum, { shape }) => sum + elementCount(shape), 0)).toBe(published)
  expect(graph.inputs[0]?.shape).toEqual(['batch', 3, rows, rows])
})
