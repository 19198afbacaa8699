/** Operations on regions of an image: which are best, which overlap, what the features say there. */
import type { RoiPooling, Suppression } from './region-operations.ts'
import { type Dim, showShape } from './shape.ts'
import type { Tensor } from './tensor.ts'

export type { RoiPooling, Suppression } from './region-operations.ts'

/** The same value, kept in fp32 from here on whatever a device computes in: coordinates, and scores that are compared. */
export function exactly(x: Tensor): Tensor {
  return x.type === 'exact' ? x : x.recorder.value(x.node.path, { kind: 'exact' }, [x], x.shape, 'exact')
}

export function exp(x: Tensor): Tensor {
  return x.recorder.value(x.node.path, { kind: 'exp' }, [x], x.shape, x.type)
}

/** Where the largest values of a vector [n] are, at most `most`, the largest first; `name` is that of the axis where n varies. */
export function topK(x: Tensor, most: number, name: string): Tensor {
  const [size] = axes(x, 1, 'topK')
  const shape = [typeof size === 'number' ? Math.min(size, most) : name]
  return x.recorder.value(x.node.path, { kind: 'topK', most }, [x], shape, 'int')
}

/** Rows of [n, ...] at int [m]; with a second index int [m] those of [g, n, ...]: [m, ...]. */
export function rowsAt(x: Tensor, ...indices: readonly [Tensor, ...Tensor[]]): Tensor {
  const [first] = indices
  const [count = 0] = axes(first, 1, 'rowsAt')
  if (indices.some(({ type, shape }) => type !== 'int' || shape.join() !== first.shape.join()))
    throw new Error(`${x.node.path}: indices are whole numbers of one shape`)
  if (x.shape.length < indices.length)
    throw new Error(`${x.node.path}: ${indices.length} indices into ${showShape(x.shape)}`)
  const shape = [count, ...x.shape.slice(indices.length)]
  return x.recorder.value(x.node.path, { kind: 'rowsAt' }, [x, ...indices], shape, x.type)
}

/** Where a vector [n] lies in [from, below): int [`name`], ascending. */
export function indicesWhere(
  x: Tensor,
  { from = -Infinity, below = Infinity }: { readonly from?: number; readonly below?: number },
  name: string,
): Tensor {
  axes(x, 1, 'indicesWhere')
  return x.recorder.value(x.node.path, { kind: 'indicesWhere', from, below }, [x], [name], 'int')
}

/**
 * Non-maximum suppression of boxes [groups, n, 4] (x1, y1, x2, y2) by scores [groups, n], each group for itself. Gives the group
 * and the row of what stays, int [`name`] each; within a group the best come first.
 */
export function nonMaxSuppression(
  boxes: Tensor,
  scores: Tensor,
  suppression: Suppression,
  name: string,
): { readonly groups: Tensor; readonly rows: Tensor } {
  const [groupCount, n, sides] = axes(boxes, 3, 'nonMaxSuppression')
  if (sides !== 4 || scores.shape.join() !== [groupCount, n].join())
    throw new Error(`${boxes.node.path}: boxes ${showShape(boxes.shape)} with scores ${showShape(scores.shape)}`)
  const { recorder, node } = boxes
  const operation = { kind: 'nonMaxSuppression', suppression } as const
  const [groups, rows] = recorder.record(node.path, operation, [boxes, scores], [[name], [name]], 'int')
  if (!groups || !rows) throw new Error('an operation without two outputs')
  return { groups, rows }
}

/** Features [1, channels, height, width] in each of the boxes [n, 4]: [n, channels, size, size]. */
export function roiAlign(features: Tensor, boxes: Tensor, pooling: RoiPooling): Tensor {
  const [images, channels = 0] = axes(features, 4, 'roiAlign')
  const [n = 0, sides] = axes(boxes, 2, 'roiAlign')
  if (images !== 1 || sides !== 4)
    throw new Error(`${features.node.path}: boxes ${showShape(boxes.shape)} of ${showShape(features.shape)}`)
  const shape = [n, channels, pooling.size, pooling.size]
  const { recorder, node } = features
  return recorder.value(node.path, { kind: 'roiAlign', pooling }, [features, boxes], shape, features.type)
}

function axes({ shape, node }: Tensor, rank: number, what: string): readonly Dim[] {
  if (shape.length !== rank) throw new Error(`${node.path}: ${what} of ${showShape(shape)}`)
  return shape
}
