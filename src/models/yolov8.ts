/**
 * YOLOv8's detector: a CSP backbone, a path aggregation network (arXiv:1803.01534), and a decoupled head without anchors whose
 * sides are distributions over distances (arXiv:2006.04388). Described in arXiv:2304.00501, section 11.
 */
import { z } from 'zod'
import { defineVision, exactly, type Layout, type Scope, type Tensor } from '../graph/index.ts'
import { tensorOf } from '../tensor.ts'
import { classesOf, imageSize, labelKeys } from './labels.ts'

const int = z.int().positive()
/** COCO's. */
const CLASSES = 80
const LEVELS = 3

const Config = z
  .object({
    depth_multiple: z.number().positive().default(1),
    width_multiple: z.number().positive().default(1),
    max_channels: int.default(1024),
    reg_max: int.default(16),
    strides: z.array(int).length(LEVELS).default([8, 16, 32]),
    image_size: imageSize.default({ height: 640, width: 640 }),
    ...labelKeys,
  })
  .refine(
    ({ strides: [, , largest = 1], image_size: { height, width } }) => height % largest === 0 && width % largest === 0,
    'both sides of image_size are multiples of the largest stride',
  )
type Config = z.output<typeof Config>

/** Published checkpoints were trained with it. */
const EPSILON = 1e-3
/** A model's channels where the network at full width has so many: in eights, rounded up. */
function widthOf(c: Config, channels: number): number {
  return 8 * Math.ceil((Math.min(channels, c.max_channels) * c.width_multiple) / 8)
}

/** A model's bottlenecks where the network at full depth has so many: the nearest whole number, half to the even one as in Python. */
function depthOf(c: Config, bottlenecks: number): number {
  const exact = bottlenecks * c.depth_multiple
  const near = Math.round(exact)
  return Math.max(1, near - exact === 0.5 && near % 2 === 1 ? near - 1 : near)
}

/** Convolution, batch norm, SiLU: `NAME.conv`, `NAME.bn`. */
function conv(s: Scope, x: Tensor, channels: number, kernel: number, stride = 1): Tensor {
  const filtered = s.conv2d('conv', x, channels, { kernel, stride, padding: (kernel - 1) / 2 })
  return s.batchNorm('bn', filtered, EPSILON).silu()
}

function bottleneck(s: Scope, x: Tensor, isResidual: boolean): Tensor {
  const h = conv(s.in('cv2'), conv(s.in('cv1'), x, x.size(1), 3), x.size(1), 3)
  return isResidual ? x.add(h) : h
}

/** Half of the channels goes through bottlenecks, and whatever comes between them is kept. */
function c2f(s: Scope, x: Tensor, channels: number, bottlenecks: number, isResidual: boolean): Tensor {
  const half = channels / 2
  const [passed, first] = conv(s.in('cv1'), x, channels, 1).split([half, half], 1)
  if (!passed || !first) throw new Error('a split without two halves')
  const kept = [first]
  let last = first
  for (let at = 0; at < bottlenecks; at++) {
    last = bottleneck(s.in(`m.${at}`), last, isResidual)
    kept.push(last)
  }
  return s.let('out', conv(s.in('cv2'), passed.concat(kept, 1), channels, 1))
}

/** Pooling over 5, 9 and 13 pixels, as 5 pixels once, twice and three times. */
function sppf(s: Scope, x: Tensor, channels: number): Tensor {
  const window = { kernel: 5, padding: 2 }
  const first = conv(s.in('cv1'), x, x.size(1) / 2, 1)
  const second = first.maxPool(window)
  const third = second.maxPool(window)
  return s.let('out', conv(s.in('cv2'), first.concat([second, third, third.maxPool(window)], 1), channels, 1))
}

/** Two convolutions and a product for each pixel. */
function branch(s: Scope, x: Tensor, channels: number, outputs: number): Tensor {
  const h = conv(s.in('1'), conv(s.in('0'), x, channels, 3), channels, 3)
  return s.conv2d('2', h, outputs, { kernel: 1, bias: true })
}

/** Features at three scales, finest first. */
type Pyramid = readonly [Tensor, Tensor, Tensor]

function backbone(s: Scope, c: Config, pixels: Tensor): Pyramid {
  const stage = (layer: number, x: Tensor, channels: number, bottlenecks: number) => {
    const halved = conv(s.in(`${layer}`), x, widthOf(c, channels), 3, 2)
    return c2f(s.in(`${layer + 1}`), halved, widthOf(c, channels), depthOf(c, bottlenecks), true)
  }
  const x1 = conv(s.in('0'), pixels, widthOf(c, 64), 3, 2)
  const x2 = stage(1, x1, 128, 3)
  const x3 = stage(3, x2, 256, 6)
  const x4 = stage(5, x3, 512, 6)
  const x5 = stage(7, x4, 1024, 3)
  return [x3, x4, sppf(s.in('9'), x5, x5.size(1))]
}

/** From coarse to fine and back; the numbers that are missing here are layers without weights. */
function neck(s: Scope, c: Config, [x3, x4, x5]: Pyramid): Pyramid {
  const merge = (layer: string, x: Tensor, other: Tensor, channels: number) =>
    c2f(s.in(layer), x.concat([other], 1), channels, depthOf(c, 3), false)
  const down4 = merge('12', x5.upsample(2), x4, x4.size(1))
  const out3 = merge('15', down4.upsample(2), x3, x3.size(1))
  const out4 = merge('18', conv(s.in('16'), out3, x3.size(1), 3, 2), down4, x4.size(1))
  const out5 = merge('21', conv(s.in('19'), out4, x4.size(1), 3, 2), x5, x5.size(1))
  return [out3, out4, out5]
}

/** The middle of each cell in px of the input, row by row, level by level: [anchors, 2] as x, y; and its level's stride [anchors, 1]. */
function anchorsOf(c: Config) {
  const cells = c.strides.flatMap(stride => {
    const [rows, columns] = [c.image_size.height / stride, c.image_size.width / stride]
    return Array.from({ length: rows * columns }, (_, cell) => ({
      stride,
      centre: [((cell % columns) + 0.5) * stride, (Math.floor(cell / columns) + 0.5) * stride],
    }))
  })
  return {
    centres: tensorOf([cells.length, 2], Float32Array.from(cells.flatMap(({ centre }) => centre))),
    strides: tensorOf(
      [cells.length, 1],
      Float32Array.from(cells, ({ stride }) => stride),
    ),
  }
}

function detect(s: Scope, c: Config, levels: Pyramid): { readonly logits: Tensor; readonly pred_boxes: Tensor } {
  const [{ shape }] = levels
  const finest = Number(shape[1])
  const boxChannels = Math.max(16, Math.floor(finest / 4), 4 * c.reg_max)
  const classChannels = Math.max(finest, Math.min(classesOf(c, CLASSES), 100))
  const joined = (name: string, pattern: string, channels: number, outputs: number, sizes: Record<string, number>) => {
    const [first, ...others] = levels.map((x, level) =>
      branch(s.in(`${name}.${level}`), x, channels, outputs).rearrange(pattern, sizes),
    )
    if (!first) throw new Error('no levels')
    return first.concat(others, first.shape.length - 1)
  }
  const bins = joined('cv2', 'b (side bin) h w -> b bin side (h w)', boxChannels, 4 * c.reg_max, { side: 4 })
  const logits = joined('cv3', 'b c h w -> b c (h w)', classChannels, classesOf(c, CLASSES), {})
  const cells = s.conv2d('dfl.conv', bins.softmax(1), 1, { kernel: 1, role: 'range' }) // [B, 1, 4, anchors]
  return {
    logits: s.let('logits', logits.rearrange('b c a -> b a c')),
    pred_boxes: s.let('boxes', boxesOf(s, c, exactly(cells.rearrange('b one side a -> b a (one side)')))),
  }
}

/** From distances to the left, top, right and bottom, in cells, [B, anchors, 4], to centre, width and height in px. */
function boxesOf(s: Scope, c: Config, distances: Tensor): Tensor {
  const { centres, strides } = anchorsOf(c)
  const inPixels = distances.mul(s.constant('strides', strides, 'exact'))
  const [near, far] = inPixels.split([2, 2])
  if (!near || !far) throw new Error('a split without two halves')
  const half = s.constant('half', tensorOf([], Float32Array.of(0.5)), 'exact')
  const centre = far
    .sub(near)
    .mul(half)
    .add(s.constant('anchors', centres, 'exact'))
  return centre.concat([near.add(far)], -1)
}

/** What holds the whole of a trainer's object and not only its network says `model.` once more. */
const nested: Layout = name => ({ name: `model.${name}` })

export const yolov8 = defineVision({
  types: ['yolov8'],
  task: 'detection',
  config: Config,
  layouts: [nested],
  image: c => c.image_size,
  classes: c => classesOf(c, CLASSES),
  build(s, c, pixels) {
    const layers = s.in('model')
    return detect(layers.in('22'), c, neck(layers, c, backbone(layers, c, pixels)))
  },
})
