/**
 * Faster R-CNN (arXiv:1506.01497) with a feature pyramid, as improved in arXiv:2111.11429: torchvision's
 * fasterrcnn_resnet50_fpn_v2, from normalised pixels to boxes. One image at a time, since each has its own number of regions.
 */
import { z } from 'zod'
import {
  defineVision,
  exactly,
  indicesWhere,
  nonMaxSuppression,
  roiAlign,
  rowsAt,
  type Scope,
  type Tensor,
  topK,
} from '../graph/index.ts'
import { tensorOf } from '../tensor.ts'
import { moveBoxes, sidesOf } from './boxes.ts'
import { classesOf, imageSize, labelKeys } from './labels.ts'
import { proposeRegions } from './region-proposal.ts'
import { normedConv, pyramid } from './resnet-fpn.ts'

const int = z.int().positive()
const share = z.number().min(0).max(1)
/** COCO's ids up to 90, of which ten name nothing, and the background before them. */
const CLASSES = 91
/** A stem and four stages halve an image five times. */
const COARSEST = 32

const Config = z
  .object({
    image_size: imageSize.default({ height: 800, width: 800 }),
    embedding_size: int.default(64),
    hidden_sizes: z.array(int).length(4).default([256, 512, 1024, 2048]),
    depths: z.array(int).length(4).default([3, 4, 6, 3]),
    fpn_channels: int.default(256),
    anchor_sizes: z.array(int).length(5).default([32, 64, 128, 256, 512]),
    aspect_ratios: z.array(z.number().positive()).min(1).default([0.5, 1, 2]),
    rpn_convolutions: int.default(2),
    rpn_pre_nms_top_n: int.default(1000),
    rpn_post_nms_top_n: int.default(1000),
    rpn_nms_threshold: share.default(0.7),
    box_convolutions: int.default(4),
    representation_size: int.default(1024),
    score_threshold: share.default(0.05),
    nms_threshold: share.default(0.5),
    detections_per_image: int.default(100),
    ...labelKeys,
  })
  .refine(
    ({ image_size: { height, width } }) => height % COARSEST === 0 && width % COARSEST === 0,
    `both sides of image_size are multiples of ${COARSEST}`,
  )
type Config = z.output<typeof Config>

/** Rows and columns of a region. */
const POOLED = 7
/** Points by row and by column for each of them. */
const SAMPLES = 2
/** Pixels for each value of the finest level, as a power of two. */
const FINEST = 2
/** A region of this side, ImageNet's, is read from this level (arXiv:1612.03144, equation 1). */
const CANONICAL = { side: 224, level: 4 }
/** torchvision's: what reaches the next level but for rounding belongs to it. */
const LEVEL_TOLERANCE = 1e-6
/** By which offsets of centres and of sizes were multiplied in training (arXiv:1504.08083). */
const OFFSET_WEIGHTS = [10, 10, 5, 5]
/** Boxes with a shorter side, in px, are no detections. */
const LEAST_SIDE = 1e-2

interface Regions {
  readonly boxes: Tensor
  readonly features: Tensor
}

/** The least area, in px, of a region that is read from a level or a coarser one. */
function leastArea(level: number): number {
  return (CANONICAL.side * 2 ** (level - CANONICAL.level - LEVEL_TOLERANCE)) ** 2
}

/** Each proposal on the level of its size. They come out level by level: their order says nothing. */
function poolRegions(levels: readonly Tensor[], proposals: Tensor): Regions {
  const [x1, y1, x2, y2] = sidesOf(proposals)
  const areas = x2.sub(x1).mul(y2.sub(y1)).rearrange('n one -> (n one)')
  const [first, ...others] = levels.map((features, at): Regions => {
    const level = FINEST + at
    const from = at === 0 ? -Infinity : leastArea(level)
    const below = at === levels.length - 1 ? Infinity : leastArea(level + 1)
    const boxes = rowsAt(proposals, indicesWhere(areas, { from, below }, `regions.${level}`))
    return { boxes, features: roiAlign(features, boxes, { size: POOLED, scale: 2 ** -level, samples: SAMPLES }) }
  })
  if (!first) throw new Error('no levels')
  const joined = (part: keyof Regions) =>
    first[part].concat(
      others.map(other => other[part]),
      0,
      'regions',
    )
  return { boxes: joined('boxes'), features: joined('features') }
}

/** What a region looks like, [regions, representation_size]. */
function represent(s: Scope, c: Config, features: Tensor): Tensor {
  let h = features
  for (let at = 0; at < c.box_convolutions; at++)
    h = normedConv(s.in(`${at}`), ['0', '1'], h, { channels: c.fpn_channels, kernel: 3 }).relu()
  const flat = h.rearrange('n c h w -> n (c h w)')
  return s.linear(`${c.box_convolutions + 1}`, flat, c.representation_size, { bias: true }).relu()
}

/** Class by class, without the background: moved boxes [classes, regions, 4] and scores [classes, regions]. */
function predict(s: Scope, c: Config, boxes: Tensor, h: Tensor): { readonly boxes: Tensor; readonly scores: Tensor } {
  const classes = classesOf(c, CLASSES)
  const shares = exactly(s.linear('cls_score', h, classes, { bias: true })).softmax()
  const offsets = exactly(s.linear('bbox_pred', h, 4 * classes, { bias: true }))
    .rearrange('n (c k) -> n c k', { k: 4 })
    .slice(1, 1, classes)
  const weights = s.constant('weights', tensorOf([4], Float32Array.from(OFFSET_WEIGHTS)), 'exact')
  const moved = moveBoxes(s, boxes.rearrange('n (one k) -> n one k', { one: 1 }), offsets.div(weights), c.image_size)
  return {
    boxes: moved.rearrange('n c k -> c n k'),
    scores: shares.slice(1, 1, classes).rearrange('n c -> c n'),
  }
}

/** The best boxes of all classes, the best first; labels count from 1, since 0 is the background. */
function detections(s: Scope, c: Config, boxes: Tensor, scores: Tensor) {
  const suppression = {
    iou: c.nms_threshold,
    score: c.score_threshold,
    leastSide: LEAST_SIDE,
    most: c.detections_per_image,
  }
  const { groups, rows } = nonMaxSuppression(boxes, scores, suppression, 'kept')
  const kept = rowsAt(scores, groups, rows)
  const best = topK(kept, c.detections_per_image, 'detections')
  const one = s.constant('one', tensorOf([1], BigInt64Array.of(1n)))
  return {
    boxes: rowsAt(rowsAt(boxes, groups, rows), best),
    scores: rowsAt(kept, best),
    labels: rowsAt(groups, best).add(one),
  }
}

export const fasterRcnn = defineVision({
  types: ['faster_rcnn'],
  task: 'detection',
  config: Config,
  batch: 1,
  image: c => c.image_size,
  classes: c => classesOf(c, CLASSES),
  build(s, c, pixels) {
    const levels = pyramid(s.in('backbone'), c, pixels)
    const coarsest = levels.at(-1)
    if (!coarsest) throw new Error('a pyramid without levels')
    const proposals = proposeRegions(s.in('rpn'), c, [...levels, coarsest.maxPool({ kernel: 1, stride: 2 })])
    const heads = s.in('roi_heads')
    const regions = poolRegions(levels, proposals)
    const h = heads.let('representation', represent(heads.in('box_head'), c, regions.features))
    const { boxes, scores } = predict(heads.in('box_predictor'), c, regions.boxes, h)
    return detections(heads, c, boxes, scores)
  },
})
