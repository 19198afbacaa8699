import type { VisionModel } from '../../build/model.ts'
import type { Precision } from '../../words.ts'
import { costOf } from '../../workloads/vision/index.ts'
import type { InferenceCost } from '../benchmark/inference/subject.ts'
import type { FoundDevice } from '../discovery.ts'
import { footprintOf } from '../loadable.ts'

/** What a pass over images asks of a device; null where the model's shapes depend on what it finds. */
export function inferenceCost(model: VisionModel, found: FoundDevice, precision: Precision): InferenceCost | null {
  const cost = costOf(model.graph)
  if (cost === null) return null
  const bytes = precision === 'fp16' || precision === 'bf16' ? 2 : 4
  return {
    flopsPerImage: cost.flopsPerImage,
    weightBytes: footprintOf(model, found, precision).passBytes,
    // Each is written once and read once.
    activationBytes: 2 * bytes * cost.activationElements,
    heldBytes: bytes * cost.heldElements,
  }
}
