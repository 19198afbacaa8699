import { expect, test } from 'vitest'
import { traceConfig } from '../build/config.ts'
import { openModel } from '../build/model.ts'

const refusal = (config: Readonly<Record<string, unknown>>) => () => traceConfig(config, 'config.json')

/** google/efficientnet-b0, config.json. */
const HF_B0 = {
  model_type: 'efficientnet',
  image_size: 224,
  width_coefficient: 1,
  depth_coefficient: 1,
  hidden_dim: 1280,
  depthwise_padding: [],
  batch_norm_eps: 0.001,
}

test('Hugging Face pads an EfficientNet on fixed sides; where that is not what TensorFlow pads, the config is refused', () => {
  expect(refusal(HF_B0)).not.toThrow()
  expect(refusal({ ...HF_B0, depthwise_padding: [3] })).toThrow(/depthwise_padding.*block 3/)
  // 380 is halved to 190 and 95: the third halving, in block 3, is of an odd size.
  expect(refusal({ ...HF_B0, image_size: 380 })).toThrow(/depthwise_padding.*block 3/)
  expect(refusal({ ...HF_B0, image_size: 380, depthwise_padding: [3] })).not.toThrow()
  expect(refusal({ ...HF_B0, image_size: 225 })).toThrow(/odd size/)
})

test('a stage that keeps its channels and its size has a residual in timm and none in transformers, and is refused', () => {
  const same = { out_channels: [32, 24, 40, 80, 112, 192, 320] }
  expect(refusal({ ...HF_B0, ...same })).toThrow(/residual of stage 0/)
  expect(refusal({ architecture: 'tf_efficientnet_b0', ...same })).not.toThrow()
})

test('lists of stages that differ in length are refused by name', () => {
  expect(refusal({ ...HF_B0, strides: [1, 2] })).toThrow(/as many stages/)
})

test.each([
  ['vit', { model_type: 'vit', hidden_size: 100, num_attention_heads: 3 }, /multiple of num_attention_heads/],
  ['vit', { model_type: 'vit', hidden_act: 'swish' }, /hidden_act/],
  ['resnet', { model_type: 'resnet', depths: [1], hidden_sizes: [8, 16] }, /as many stages/],
  ['resnet', { model_type: 'resnet', downsample_in_first_stage: true }, /downsample_in_first_stage/],
] as const)('what %s cannot be is refused: %j', (_, config, message) => {
  expect(refusal(config)).toThrow(message)
})

test('a scale is refused for a vision model, whose sizes are published ones', () => {
  expect(() => openModel('arch/vit-b-16@1/2')).toThrow(/vision/)
  expect(() => openModel('arch/resnet50@1/2')).toThrow(/vision/)
})
