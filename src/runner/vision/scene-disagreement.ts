import { type CheckContext, checks } from '../../checks/index.ts'
import { type NamedTensors, tensorOf } from '../../tensor.ts'
import type { VisionWorkload } from '../../workloads/vision/index.ts'
import type { InferenceSubject } from '../benchmark/inference/subject.ts'

/**
 * Why boxes after suppression are not the reference's, as `detection-parity` judges; for the audit of timed runs. What that check
 * can tell neither from a fault nor from a choice is none here: it says so of the same model. A device's own passes choose alike.
 */
export function sceneDisagreement(
  { thresholds, input }: Pick<VisionWorkload, 'thresholds' | 'input'>,
  context: CheckContext,
): NonNullable<InferenceSubject['disagreement']> {
  const inputs = {
    size: tensorOf([2], BigInt64Array.of(BigInt(input.height), BigInt(input.width))),
    thresholds: tensorOf([2], Float32Array.of(thresholds.score, thresholds.overlap)),
  }
  const scene = (outputs: NamedTensors) => new Map([['scenes.timed', { inputs, outputs }]])
  return (reference, device, of) => {
    const name = 'the reference'
    const { status, reason } = checks['detection-parity'].judge(
      { name, outputs: scene(reference) },
      scene(device),
      of === 'itself' ? { ...context, areChoicesUntrained: false } : context,
    )
    return status === 'fail' ? reason : null
  }
}
