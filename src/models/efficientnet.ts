/** EfficientNet, arXiv:1905.11946, and the lite variants without squeeze and excitation. */
import { z } from 'zod'
import { defineVision, type ImageSize } from '../graph/index.ts'
import { huggingFaceLayout, torchvisionLayout } from './efficientnet-names.ts'
import { classesOf, imageSize, labelKeys, timmKeys } from './labels.ts'
import { type MobileNetwork, mobileNetwork, roundedChannels, type Stage } from './mbconv.ts'

const int = z.int().positive()
const ints = z.array(int).min(1)

/** Width, depth and pixels of each variant: the paper's reference implementation, tensorflow/tpu, `efficientnet_params`. */
const VARIANTS = {
  b0: [1, 1, 224],
  b1: [1, 1.1, 240],
  b2: [1.1, 1.2, 260],
  b3: [1.2, 1.4, 300],
  b4: [1.4, 1.8, 380],
  b5: [1.6, 2.2, 456],
  b6: [1.8, 2.6, 528],
  b7: [2, 3.1, 600],
  lite0: [1, 1, 224],
  lite1: [1, 1.1, 240],
  lite2: [1.1, 1.2, 260],
  lite3: [1.2, 1.4, 280],
  lite4: [1.4, 1.8, 300],
} as const
type Variant = keyof typeof VARIANTS
const variants = Object.keys(VARIANTS)
const NAME = /^(tf_)?efficientnet_(\w+)$/

function isVariant(name: string): name is Variant {
  return Object.hasOwn(VARIANTS, name)
}

/** Table 1 of the paper: the stages of B0. */
const B0 = {
  kernel_sizes: [3, 3, 5, 3, 5, 5, 3],
  out_channels: [16, 24, 40, 80, 112, 192, 320],
  strides: [1, 2, 2, 2, 1, 2, 1],
  num_block_repeats: [1, 2, 2, 3, 3, 4, 1],
  expand_ratios: [1, 6, 6, 6, 6, 6, 6],
}
const STEM = 32
const FEATURES = 1280

/** torch's default of BatchNorm2d, and TensorFlow's. */
const EPSILON = { torch: 1e-5, tensorflow: 1e-3 }

/**
 * Hugging Face's EfficientNetConfig (`model_type`), or timm's and torchvision's names of the variants (`architecture`), with which
 * any key of Hugging Face's may be given too; `in_channels` are the channels before a stage, and not read. What an `architecture` does not say, its variant does; what a `model_type` does not
 * say is Hugging Face's default, B7.
 */
const Keys = z
  .object({
    architecture: z.string().regex(NAME).optional(),
    image_size: imageSize.optional(),
    width_coefficient: z.number().positive().optional(),
    depth_coefficient: z.number().positive().optional(),
    depth_divisor: int.default(8),
    kernel_sizes: ints.default(B0.kernel_sizes),
    out_channels: ints.default(B0.out_channels),
    strides: z.array(z.union([z.literal(1), z.literal(2)])).default([1, 2, 2, 2, 1, 2, 1]),
    num_block_repeats: ints.default(B0.num_block_repeats),
    expand_ratios: ints.default(B0.expand_ratios),
    squeeze_expansion_ratio: z.number().positive().max(1).default(0.25),
    depthwise_padding: z.array(z.int().nonnegative()).optional(),
    hidden_act: z.enum(['swish', 'silu']).default('swish'),
    batch_norm_eps: z.number().positive().optional(),
    pooling_type: z.literal('mean').default('mean'),
    ...labelKeys,
    ...timmKeys,
  })
  .refine(
    c =>
      new Set(
        [c.kernel_sizes, c.out_channels, c.strides, c.num_block_repeats, c.expand_ratios].map(list => list.length),
      ).size === 1,
    'the lists of stages are of as many stages',
  )
type Keys = z.output<typeof Keys>

function variantOf({ architecture }: Keys): Variant {
  const name = NAME.exec(architecture ?? '')?.[2] ?? ''
  return isVariant(name) ? name : 'b7'
}

function networkOf(c: Keys): MobileNetwork {
  const variant = variantOf(c)
  const isLite = variant.startsWith('lite')
  const isTensorflow = c.architecture?.startsWith('tf_') ?? true
  const [width, depth, pixels] = VARIANTS[variant]
  const wide = (channels: number) => roundedChannels(channels * (c.width_coefficient ?? width), c.depth_divisor)
  const last = c.out_channels.length - 1
  // The lite variants keep the first and the last stage, the stem and the features as they are in every size.
  const repeats = (count: number, at: number) =>
    isLite && (at === 0 || at === last) ? count : Math.ceil(count * (c.depth_coefficient ?? depth))
  const stages = c.out_channels.map((channels, at): Stage => {
    const expansion = c.expand_ratios[at] ?? 1
    return {
      block: expansion === 1 ? 'separable' : 'inverted',
      kernel: c.kernel_sizes[at] ?? 1,
      stride: c.strides[at] ?? 1,
      expansion,
      channels: wide(channels),
      repeats: repeats(c.num_block_repeats[at] ?? 1, at),
      squeeze: isLite ? null : c.squeeze_expansion_ratio,
    }
  })
  return {
    image: c.image_size ?? c.pretrained_cfg?.input_size ?? { height: pixels, width: pixels },
    classes: classesOf(c),
    stem: isLite ? STEM : wide(STEM),
    stages,
    features: isLite ? FEATURES : wide(FEATURES),
    activation: isLite ? 'relu6' : 'silu',
    epsilon: c.batch_norm_eps ?? (isTensorflow ? EPSILON.tensorflow : EPSILON.torch),
    padding: isTensorflow ? 'same' : 'symmetric',
  }
}

/**
 * transformers pads on fixed sides, by `depthwise_padding`: the blocks whose image it takes to have an odd size. Gives the blocks in
 * which that is not what TensorFlow pads; the same network is only one that has none.
 */
function paddedOtherwise(listed: readonly number[], { image, stages }: MobileNetwork): number[] {
  const half = (size: ImageSize) => ({ height: Math.ceil(size.height / 2), width: Math.ceil(size.width / 2) })
  const isOdd = ({ height, width }: ImageSize) => (height % 2 === width % 2 ? height % 2 === 1 : null)
  let size = half(image)
  let index = 0
  const wrong: number[] = []
  for (const { stride, repeats } of stages) {
    if (stride === 2) {
      if (isOdd(size) !== listed.includes(index)) wrong.push(index)
      size = half(size)
    }
    index += repeats
  }
  return wrong
}

/** Hugging Face's network as it is in transformers; null where it is this one. */
function difference(c: Keys, network: MobileNetwork): string | null {
  if (c.architecture !== undefined) return null
  const { image, stages, stem } = network
  if (image.height % 2 === 1 || image.width % 2 === 1) return 'transformers pads an image of an odd size otherwise'
  const wrong = paddedOtherwise(c.depthwise_padding ?? [], network)
  if (wrong.length > 0) return `depthwise_padding is not TensorFlow's for this image at block ${wrong.join(', ')}`
  const incoming = [stem, ...stages.map(({ channels }) => channels)]
  const skips = stages.findIndex(({ stride, channels }, at) => stride === 1 && channels === incoming[at])
  return skips < 0 ? null : `transformers leaves out the residual of stage ${skips}, whose channels stay as they are`
}

const Config = Keys.transform((keys, context) => {
  const network = networkOf(keys)
  const message = difference(keys, network)
  if (message !== null) context.addIssue({ code: 'custom', message })
  return network
})

export const efficientnet = defineVision({
  types: ['efficientnet', ...variants.flatMap(variant => [`efficientnet_${variant}`, `tf_efficientnet_${variant}`])],
  task: 'classification',
  config: Config,
  layouts: ({ stages }) => [torchvisionLayout(stages), huggingFaceLayout(stages)],
  image: network => network.image,
  classes: network => network.classes,
  build: mobileNetwork,
})
