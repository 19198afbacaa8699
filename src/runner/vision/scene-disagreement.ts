import { checks } from '../../checks/index.ts'
import { type NamedTensors, tensorOf } from '../../tensor.ts'
import type { Precision } from '../../words.ts'
import type { VisionWorkload } from '../../workloads/vision/index.ts'

/** Why boxes after suppression are not the reference's, as `detection-parity` judges; for the audit of timed runs. */
export function sceneDisagreement(
  { thresholds, input }: Pick<VisionWorkload, 'thresholds' | 'input'>,
  precision: Precision,
): (reference: NamedTensors, device: NamedTensors) => string | null {
  const inputs = {
    size: tensorOf([2], BigInt64Array.of(BigInt(input.height), BigInt(input.width))),
    thresholds: tensorOf([2], Float32Array.of(thresholds.score, thresholds.overlap)),
  }
  const scene = (outputs: NamedTensors) => new Map([['scenes.timed', { inputs, outputs }]])
  const context = { precision, noReference: null, decode: null, answers: new Map(), absent: new Map() }
  return (reference, device) => {
    const name = 'the reference'
    const { status, reason } = checks['detection-parity'].judge(
      { name, outputs: scene(reference) },
      scene(device),
      context,
    )
    return status === 'fail' ? reason : null
  }
}
