/** The region proposal network of arXiv:1506.01497 over a feature pyramid, as torchvision runs it. */
import { exactly, type ImageSize, nonMaxSuppression, rowsAt, type Scope, type Tensor, topK } from '../graph/index.ts'
import { type TensorData, tensorOf } from '../tensor.ts'
import { moveBoxes } from './boxes.ts'

export interface ProposalSettings {
  readonly image_size: ImageSize
  /** One for each level. */
  readonly anchor_sizes: readonly number[]
  /** Height over width. */
  readonly aspect_ratios: readonly number[]
  readonly rpn_convolutions: number
  readonly rpn_pre_nms_top_n: number
  readonly rpn_post_nms_top_n: number
  readonly rpn_nms_threshold: number
}

/** Boxes with a shorter side, in px, are no proposals. */
const LEAST_SIDE = 1e-3

interface Scored {
  readonly boxes: Tensor
  readonly scores: Tensor
}

/** Boxes [proposals, 4] that may hold an object, from features of all levels. */
export function proposeRegions(s: Scope, c: ProposalSettings, levels: readonly Tensor[]): Tensor {
  const best = levels.map((features, level) => proposalsOfLevel(s, c, features, level))
  const joined = (part: keyof Scored) => {
    const [first, ...others] = best.map(scored => scored[part])
    if (!first) throw new Error(`${s.path}: no levels`)
    return first.concat(others, 0, 'candidates')
  }
  const top = topK(joined('scores'), c.rpn_post_nms_top_n, 'proposals')
  return s.let('proposals', rowsAt(joined('boxes'), top))
}

/** The best of a level's anchors, moved to where the network sees an object, without those that overlap a better one. */
function proposalsOfLevel(s: Scope, c: ProposalSettings, features: Tensor, level: number): Scored {
  const head = s.in('head')
  let h = features
  for (let at = 0; at < c.rpn_convolutions; at++)
    h = head.conv2d(`conv.${at}.0`, h, h.size(1), { kernel: 3, padding: 1, bias: true }).relu()
  const count = c.aspect_ratios.length
  const objectness = head.conv2d('cls_logits', h, count, { kernel: 1, bias: true }).rearrange('b a h w -> (b h w a)')
  const offsets = head
    .conv2d('bbox_pred', h, 4 * count, { kernel: 1, bias: true })
    .rearrange('b (a k) h w -> (b h w a) k', { k: 4 })

  const anchors = s.constant(`anchors.${level}`, anchorsOf(c, level, features), 'exact')
  const top = topK(objectness, c.rpn_pre_nms_top_n, `anchors.${level}`)
  const scores = exactly(rowsAt(objectness, top)).sigmoid().rearrange('(g n) -> g n', { g: 1 })
  const moved = moveBoxes(s, rowsAt(anchors, top), exactly(rowsAt(offsets, top)), c.image_size)
  const boxes = moved.rearrange('(g n) k -> g n k', { g: 1 })
  const suppression = { iou: c.rpn_nms_threshold, score: null, leastSide: LEAST_SIDE, most: c.rpn_post_nms_top_n }
  const { groups, rows } = nonMaxSuppression(boxes, scores, suppression, `kept.${level}`)
  return { boxes: rowsAt(boxes, groups, rows), scores: rowsAt(scores, groups, rows) }
}

/** The anchors of a level [rows * columns * ratios, 4], in whole pixels about the corner of each cell. */
function anchorsOf(c: ProposalSettings, level: number, features: Tensor): TensorData {
  const size = c.anchor_sizes[level]
  if (size === undefined) throw new Error(`level ${level} has no size of anchors`)
  const [rows, columns] = [features.size(2), features.size(3)]
  const [down, right] = [Math.floor(c.image_size.height / rows), Math.floor(c.image_size.width / columns)]
  const shapes = c.aspect_ratios.map(ratio => {
    const [height, width] = [size * Math.sqrt(ratio), size / Math.sqrt(ratio)]
    return [Math.round(-width / 2), Math.round(-height / 2), Math.round(width / 2), Math.round(height / 2)]
  })
  const anchors = Array.from({ length: rows * columns }, (_, cell) => {
    const [x, y] = [(cell % columns) * right, Math.floor(cell / columns) * down]
    return shapes.map(([x1 = 0, y1 = 0, x2 = 0, y2 = 0]) => [x + x1, y + y1, x + x2, y + y2])
  })
  return tensorOf([anchors.length * shapes.length, 4], Float32Array.from(anchors.flat(2)))
}
