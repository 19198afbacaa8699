/** How a reference answers a vision model's workload. */
import { datasetKey, referenceCases, type VisionWorkload, workloadOfGolden } from '../../workloads/vision/index.ts'
import type { Observer } from '../observe.ts'
import type { Answering } from '../reference.ts'
import { observeVision } from './observe.ts'

/** Grows with what is made of an image's file, so that what an older reference answered is asked again. */
const PREPARED = 1

export function visionAnswers(workload: VisionWorkload, onCase: Observer): Answering<VisionWorkload> {
  const cases = referenceCases(workload)
  const { dataset, recipe, thresholds } = workload
  return {
    workload,
    key: cases.length === 0 ? null : [PREPARED, cases.map(({ id }) => id), datasetKey(dataset), recipe, thresholds],
    ofGolden: golden => workloadOfGolden(workload, golden),
    observe: session => observeVision(session, workload, cases, { again: false }, onCase),
  }
}
