export { ahead } from './ahead.ts'
export { BenchmarkImages } from './benchmark-images.ts'
export { detectionsOfAnchors, detectionsOfGraph, sceneOutputs } from './boxes.ts'
export { costOf } from './cost.ts'
export { type DatasetImage, datasetKey } from './dataset.ts'
export { workloadOfGolden } from './golden-cases.ts'
export { pictureOf } from './picture.ts'
export type { Prepared } from './prepare.ts'
export { Preparer } from './preparer.ts'
export {
  caseKinds,
  casesOfKinds,
  evenly,
  type Head,
  kindsOfHead,
  referenceCases,
  type VisionCase,
  type VisionWorkload,
  workloadOf,
} from './workload.ts'
