/** Other names under which EfficientNets are published; ours are timm's. */
import type { Layout } from '../graph/index.ts'
import type { Stage } from './mbconv.ts'

type Block = Stage['block']

const BLOCK = /^blocks\.(\d+)\.(\d+)\.(se\.conv_\w+|\w+)\.(\w+)$/

/** torchvision numbers the layers of a block: which of them each of ours is, and whether it is the filter (0) or the norm (1). */
const TORCHVISION: Readonly<Record<Block, Readonly<Record<string, string>>>> = {
  inverted: {
    conv_pw: '0.0',
    bn1: '0.1',
    conv_dw: '1.0',
    bn2: '1.1',
    'se.conv_reduce': '2.fc1',
    'se.conv_expand': '2.fc2',
    conv_pwl: '3.0',
    bn3: '3.1',
  },
  separable: {
    conv_dw: '0.0',
    bn1: '0.1',
    'se.conv_reduce': '1.fc1',
    'se.conv_expand': '1.fc2',
    conv_pw: '2.0',
    bn2: '2.1',
  },
  fused: { conv_exp: '0.0', bn1: '0.1', conv_pwl: '1.0', bn2: '1.1' },
  plain: { conv: '0.0', bn1: '0.1' },
}

/** torchvision's names: `features.1.0.block.0.0.weight` for `blocks.0.0.conv_dw.weight`. */
export function torchvisionLayout(stages: readonly Stage[]): Layout {
  const outer: Readonly<Record<string, string>> = {
    conv_stem: 'features.0.0',
    bn1: 'features.0.1',
    conv_head: `features.${stages.length + 1}.0`,
    bn2: `features.${stages.length + 1}.1`,
    classifier: 'classifier.1',
  }
  return name => {
    const [, stage, index, part = '', leaf] = BLOCK.exec(name) ?? []
    if (stage === undefined) return outerName(outer, name)
    const block = stages[Number(stage)]?.block
    const layer = block === undefined ? undefined : TORCHVISION[block][part]
    return layer === undefined ? null : { name: `features.${Number(stage) + 1}.${index}.block.${layer}.${leaf}` }
  }
}

const HUGGING_FACE_OUTER: Readonly<Record<string, string>> = {
  conv_stem: 'efficientnet.embeddings.convolution',
  bn1: 'efficientnet.embeddings.batchnorm',
  conv_head: 'efficientnet.encoder.top_conv',
  bn2: 'efficientnet.encoder.top_bn',
  classifier: 'classifier',
}

const SQUEEZE = { 'se.conv_reduce': 'squeeze_excite.reduce', 'se.conv_expand': 'squeeze_excite.expand' }
const HUGGING_FACE: Readonly<Record<'inverted' | 'separable', Readonly<Record<string, string>>>> = {
  inverted: {
    ...SQUEEZE,
    conv_pw: 'expansion.expand_conv',
    bn1: 'expansion.expand_bn',
    conv_dw: 'depthwise_conv.depthwise_conv',
    bn2: 'depthwise_conv.depthwise_norm',
    conv_pwl: 'projection.project_conv',
    bn3: 'projection.project_bn',
  },
  separable: {
    ...SQUEEZE,
    conv_dw: 'depthwise_conv.depthwise_conv',
    bn1: 'depthwise_conv.depthwise_norm',
    conv_pw: 'projection.project_conv',
    bn2: 'projection.project_bn',
  },
}

/** Hugging Face's names, which number the blocks of all stages in one row: `efficientnet.encoder.blocks.3.expansion.expand_conv.weight`. */
export function huggingFaceLayout(stages: readonly Stage[]): Layout {
  const first = stages.map((_, at) => stages.slice(0, at).reduce((sum, { repeats }) => sum + repeats, 0))
  return name => {
    const [, stage, index, part = '', leaf] = BLOCK.exec(name) ?? []
    if (stage === undefined) return outerName(HUGGING_FACE_OUTER, name)
    const block = stages[Number(stage)]?.block
    const layer = block === 'inverted' || block === 'separable' ? HUGGING_FACE[block][part] : undefined
    if (layer === undefined) return null
    return { name: `efficientnet.encoder.blocks.${(first[Number(stage)] ?? 0) + Number(index)}.${layer}.${leaf}` }
  }
}

function outerName(names: Readonly<Record<string, string>>, name: string): { readonly name: string } | null {
  const [, part = '', leaf] = /^(.*)\.(\w+)$/.exec(name) ?? []
  const outer = names[part]
  return outer === undefined ? null : { name: `${outer}.${leaf}` }
}
