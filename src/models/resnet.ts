/** Deep residual networks, arXiv:1512.03385; strides in the 3x3 convolutions, as torchvision and timm have them. */
import { z } from 'zod'
import { defineVision, type Layout, type Scope, type Tensor } from '../graph/index.ts'
import { classesOf, imageSize, labelKeys } from './labels.ts'

const int = z.int().positive()
/** Hugging Face's ResNetConfig; `image_size` is not among its keys and is 224 where nobody says otherwise. */
const Config = z
  .object({
    embedding_size: int.default(64),
    hidden_sizes: z.array(int).min(1).default([256, 512, 1024, 2048]),
    depths: z.array(int).min(1).default([3, 4, 6, 3]),
    layer_type: z.enum(['basic', 'bottleneck']).default('bottleneck'),
    hidden_act: z.literal('relu').default('relu'),
    downsample_in_first_stage: z.literal(false).default(false),
    downsample_in_bottleneck: z.boolean().default(false),
    image_size: imageSize.default({ height: 224, width: 224 }),
    ...labelKeys,
  })
  .refine(c => c.hidden_sizes.length === c.depths.length, 'hidden_sizes and depths are of as many stages')
type Config = z.output<typeof Config>

/** torch's default of BatchNorm2d. */
const EPSILON = 1e-5
/** A bottleneck's inner convolutions have a quarter of its channels. */
const REDUCTION = 4

interface Block {
  readonly channels: number
  readonly stride: number
}

/** A convolution that keeps the size but for its stride, and its norm: `NAME.convolution`, `NAME.normalization`. */
function layer(s: Scope, x: Tensor, channels: number, kernel: number, stride = 1): Tensor {
  const filtered = s.conv2d('convolution', x, channels, { kernel, stride, padding: (kernel - 1) / 2 })
  return s.batchNorm('normalization', filtered, EPSILON)
}

function basic(s: Scope, x: Tensor, { channels, stride }: Block): Tensor {
  const h = layer(s.in('layer.0'), x, channels, 3, stride).relu()
  return layer(s.in('layer.1'), h, channels, 3)
}

function bottleneck(s: Scope, c: Config, x: Tensor, { channels, stride }: Block): Tensor {
  const inner = channels / REDUCTION
  const [first, second] = c.downsample_in_bottleneck ? [stride, 1] : [1, stride]
  const h = layer(s.in('layer.0'), x, inner, 1, first).relu()
  return layer(s.in('layer.2'), layer(s.in('layer.1'), h, inner, 3, second).relu(), channels, 1)
}

function residual(s: Scope, c: Config, x: Tensor, block: Block): Tensor {
  const isSame = x.size(1) === block.channels && block.stride === 1
  const shortcut = isSame ? x : layer(s.in('shortcut'), x, block.channels, 1, block.stride)
  const h = c.layer_type === 'basic' ? basic(s, x, block) : bottleneck(s, c, x, block)
  return s.let('out', h.add(shortcut).relu()) // [B, C, H, W]
}

/** torchvision's and timm's names: `layer1.0.conv1.weight` for `resnet.encoder.stages.0.layers.0.layer.0.convolution.weight`. */
const torchvision: Layout = name => {
  const [, part = '', leaf = ''] = /^(.*)\.(\w+)$/.exec(name) ?? []
  if (part === 'classifier.1') return { name: `fc.${leaf}` }
  const stem = /^resnet\.embedder\.embedder\.(convolution|normalization)$/.exec(part)
  if (stem) return { name: `${stem[1] === 'convolution' ? 'conv1' : 'bn1'}.${leaf}` }
  const inner =
    /^resnet\.encoder\.stages\.(\d+)\.layers\.(\d+)\.(shortcut|layer\.(\d))\.(convolution|normalization)$/.exec(part)
  if (!inner) return null
  const [, stage, block, where, index, kind] = inner
  const path = `layer${Number(stage) + 1}.${block}`
  const isFilter = kind === 'convolution'
  const at = where === 'shortcut' ? `downsample.${isFilter ? 0 : 1}` : `${isFilter ? 'conv' : 'bn'}${Number(index) + 1}`
  return { name: `${path}.${at}.${leaf}` }
}

export const resnet = defineVision({
  types: ['resnet'],
  task: 'classification',
  config: Config,
  layouts: [torchvision],
  image: c => c.image_size,
  classes: c => classesOf(c),
  build(s, c, pixels) {
    const stem = layer(s.in('resnet.embedder.embedder'), pixels, c.embedding_size, 7, 2).relu()
    let x = stem.maxPool({ kernel: 3, stride: 2, padding: 1 })
    for (const [stage, channels] of c.hidden_sizes.entries())
      for (let at = 0; at < (c.depths[stage] ?? 0); at++) {
        const stride = stage > 0 && at === 0 ? 2 : 1
        x = residual(s.in(`resnet.encoder.stages.${stage}.layers.${at}`), c, x, { channels, stride })
      }
    const pooled = s.let('pooled', x.mean([2, 3])) // [B, C]
    return { logits: s.linear('classifier.1', pooled, classesOf(c), { bias: true }) }
  },
})
