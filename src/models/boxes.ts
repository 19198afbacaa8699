/** Boxes as detectors with regions tell them: offsets from a box that is there already, arXiv:1311.2524, appendix C. */
import { exp, type ImageSize, type Scope, type Tensor } from '../graph/index.ts'
import { tensorOf } from '../tensor.ts'

/** No box grows by more than this: its logarithm, as in Detectron. */
const LARGEST_GROWTH = Math.log(1000 / 16)

/** x1, y1, x2, y2 of boxes [..., 4], [..., 1] each. */
export function sidesOf(boxes: Tensor): readonly [Tensor, Tensor, Tensor, Tensor] {
  const [x1, y1, x2, y2] = boxes.split([1, 1, 1, 1])
  if (!x1 || !y1 || !x2 || !y2) throw new Error('boxes without four sides')
  return [x1, y1, x2, y2]
}

/**
 * Boxes [..., 4] moved by offsets [..., 4]: of the centre in widths and heights, of the size in logarithms. What lies outside the
 * image is cut off.
 */
export function moveBoxes(s: Scope, boxes: Tensor, offsets: Tensor, { height, width }: ImageSize): Tensor {
  const half = s.constant('half', tensorOf([], Float32Array.of(0.5)), 'exact')
  const [x1, y1, x2, y2] = sidesOf(boxes)
  const [dx, dy, dw, dh] = sidesOf(offsets)
  const along = (from: Tensor, to: Tensor, shift: Tensor, growth: Tensor, size: number) => {
    const own = to.sub(from)
    const centre = shift.mul(own).add(from.add(half.mul(own)))
    const reach = half.mul(exp(growth.clip(-Infinity, LARGEST_GROWTH)).mul(own))
    return [centre.sub(reach).clip(0, size), centre.add(reach).clip(0, size)] as const
  }
  const [left, right] = along(x1, x2, dx, dw, width)
  const [top, bottom] = along(y1, y2, dy, dh, height)
  return left.concat([top, right, bottom], -1)
}
