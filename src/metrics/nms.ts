import { type Detection, iou } from './boxes.ts'

/**
 * Greedy non-maximum suppression within each class: of boxes that overlap by more than `threshold` (IoU), the one with the highest score
 * stays. Gives the indices that stay, the highest score first; of equal scores the earlier box comes first. An overlap of exactly the
 * threshold suppresses nothing. As `torchvision.ops.batched_nms`.
 */
export function batchedNms(detections: readonly Detection[], threshold: number): number[] {
  const order = [...detections.keys()].sort((a, b) => scoreOf(detections, b) - scoreOf(detections, a))
  const kept = new Map<number, Detection[]>()
  return order.filter(index => {
    const candidate = detections[index]
    if (candidate === undefined) return false
    const rivals = kept.get(candidate.label) ?? []
    if (rivals.some(({ box }) => iou(box, candidate.box) > threshold)) return false
    kept.set(candidate.label, [...rivals, candidate])
    return true
  })
}

function scoreOf(detections: readonly Detection[], index: number): number {
  return detections[index]?.score ?? Number.NEGATIVE_INFINITY
}
