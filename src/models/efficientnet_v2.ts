/** EfficientNetV2, arXiv:2104.00298: its first stages have the expansion in the filter itself. */
import { z } from 'zod'
import { defineVision } from '../graph/index.ts'
import { torchvisionLayout } from './efficientnet-names.ts'
import { classesOf, imageSize, labelKeys, timmKeys } from './labels.ts'
import { type MobileNetwork, mobileNetwork, roundedChannels, type Stage } from './mbconv.ts'

type Row = readonly [block: Stage['block'], stride: number, expansion: number, channels: number, repeats: number]

interface Variant {
  /** Of the images that torchvision's checkpoint is meant for. */
  readonly pixels: number
  readonly stem: number
  readonly rows: readonly Row[]
}

/** Table 4 of the paper for S; M and L as its reference implementation has them (google/automl, efficientnetv2, `effnetv2_configs`). */
const VARIANTS = {
  s: {
    pixels: 384,
    stem: 24,
    rows: [
      ['plain', 1, 1, 24, 2],
      ['fused', 2, 4, 48, 4],
      ['fused', 2, 4, 64, 4],
      ['inverted', 2, 4, 128, 6],
      ['inverted', 1, 6, 160, 9],
      ['inverted', 2, 6, 256, 15],
    ],
  },
  m: {
    pixels: 480,
    stem: 24,
    rows: [
      ['plain', 1, 1, 24, 3],
      ['fused', 2, 4, 48, 5],
      ['fused', 2, 4, 80, 5],
      ['inverted', 2, 4, 160, 7],
      ['inverted', 1, 6, 176, 14],
      ['inverted', 2, 6, 304, 18],
      ['inverted', 1, 6, 512, 5],
    ],
  },
  l: {
    pixels: 480,
    stem: 32,
    rows: [
      ['plain', 1, 1, 32, 4],
      ['fused', 2, 4, 64, 7],
      ['fused', 2, 4, 96, 7],
      ['inverted', 2, 4, 192, 10],
      ['inverted', 1, 6, 224, 19],
      ['inverted', 2, 6, 384, 25],
      ['inverted', 1, 6, 640, 7],
    ],
  },
} as const satisfies Record<string, Variant>

const FEATURES = 1280
/** Of the channels that come in, in the stages that have it. */
const SQUEEZE = 0.25

/** The names of timm, of timm's conversions from TensorFlow and of torchvision, and what their batch norms add. */
const PUBLISHERS = {
  efficientnetv2: { epsilon: 1e-5, padding: 'symmetric' },
  tf_efficientnetv2: { epsilon: 1e-3, padding: 'same' },
  efficientnet_v2: { epsilon: 1e-3, padding: 'symmetric' },
} as const
const NAME = /^(.*)_([sml])$/

function variantOf(architecture: string) {
  const [, publisher = '', size = ''] = NAME.exec(architecture) ?? []
  const norms = Object.entries(PUBLISHERS).find(([name]) => name === publisher)?.[1]
  const variant = Object.entries(VARIANTS).find(([name]) => name === size)?.[1]
  return norms && variant ? { norms, variant } : null
}

/** timm's keys; `batch_norm_eps` and the two coefficients as Hugging Face spells them for the first version. */
const Config = z
  .object({
    architecture: z.string().transform((name, context) => {
      const found = variantOf(name)
      if (found !== null) return found
      context.addIssue({ code: 'custom', message: `${name} is no EfficientNetV2` })
      return z.NEVER
    }),
    image_size: imageSize.optional(),
    width_coefficient: z.number().positive().default(1),
    depth_coefficient: z.number().positive().default(1),
    batch_norm_eps: z.number().positive().optional(),
    ...labelKeys,
    ...timmKeys,
  })
  .transform((c): MobileNetwork => {
    const { norms, variant } = c.architecture
    const { pixels, stem, rows } = variant
    const wide = (channels: number) => roundedChannels(channels * c.width_coefficient)
    const stages = rows.map(
      ([block, stride, expansion, channels, repeats]): Stage => ({
        block,
        kernel: 3,
        stride,
        expansion,
        channels: wide(channels),
        repeats: Math.ceil(repeats * c.depth_coefficient),
        squeeze: block === 'inverted' ? SQUEEZE : null,
      }),
    )
    return {
      image: c.image_size ?? c.pretrained_cfg?.input_size ?? { height: pixels, width: pixels },
      classes: classesOf(c),
      stem: wide(stem),
      stages,
      features: wide(FEATURES),
      activation: 'silu',
      epsilon: c.batch_norm_eps ?? norms.epsilon,
      padding: norms.padding,
    }
  })

export const efficientnetV2 = defineVision({
  types: Object.keys(PUBLISHERS).flatMap(publisher => Object.keys(VARIANTS).map(size => `${publisher}_${size}`)),
  task: 'classification',
  config: Config,
  layouts: ({ stages }) => [torchvisionLayout(stages)],
  image: network => network.image,
  classes: network => network.classes,
  build: mobileNetwork,
})
