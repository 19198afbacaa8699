import { expect, test } from 'vitest'
import { traceConfig } from '../build/config.ts'
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
