import { expect, test } from 'vitest'
import type { CheckContext } from '../../checks/index.ts'
import { type NamedTensors, tensorOf } from '../../tensor.ts'
import { sceneDisagreement } from './scene-disagreement.ts'

const WORKLOAD = { thresholds: { score: 0.05, overlap: 0.5, most: 100 }, input: { height: 100, width: 1000 } }
const CONTEXT: CheckContext = {
  precision: 'fp16',
  noReference: null,
  decode: null,
  answers: new Map(),
  absent: new Map(),
}

/** Twenty boxes beside each other, some of them called something else. */
function boxes(otherwise = 0): NamedTensors {
  const all = Array.from({ length: 20 }, (_, at) => at)
  return {
    boxes: tensorOf([20, 4], Float32Array.from(all.flatMap(at => [40 * at, 10, 40 * at + 30, 60]))),
    scores: tensorOf(
      [20],
      Float32Array.from(all, at => 0.9 - at / 100),
    ),
    labels: tensorOf(
      [20],
      BigInt64Array.from(all, at => (at < otherwise ? 2n : 1n)),
    ),
  }
}

test('timed boxes are those of the reference, and one that is not is told', () => {
  const disagreement = sceneDisagreement(WORKLOAD, CONTEXT)
  expect(disagreement(boxes(), boxes(), 'reference')).toBeNull()
  expect(disagreement(boxes(), boxes(1), 'reference')).toMatch(/is not among the device's boxes/)
  expect(disagreement(boxes(), {}, 'reference')).toMatch(/boxes/)
})

test('a box that untrained weights chose otherwise in fp16 is none, and many are', () => {
  const disagreement = sceneDisagreement(WORKLOAD, { ...CONTEXT, areChoicesUntrained: true })
  expect(disagreement(boxes(), boxes(1), 'reference')).toBeNull()
  expect(disagreement(boxes(), boxes(5), 'reference')).toMatch(/is not among the device's boxes/)
  expect(disagreement(boxes(), {}, 'reference')).toMatch(/boxes/)
})

test('a device that chooses otherwise from pass to pass is told, whoever trained it', () => {
  const disagreement = sceneDisagreement(WORKLOAD, { ...CONTEXT, areChoicesUntrained: true })
  expect(disagreement(boxes(), boxes(), 'itself')).toBeNull()
  expect(disagreement(boxes(), boxes(1), 'itself')).toMatch(/is not among the device's boxes/)
})
