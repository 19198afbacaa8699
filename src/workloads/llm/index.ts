export {
  casesOfKinds,
  goldenOutputs,
  type LlmWorkload,
  referenceCases,
  workloadOfGolden,
} from './cases.ts'
export { costOf } from './cost.ts'
export { caseKinds, familyOf, type LlmCase } from './families/index.ts'
export { stretches as benchmarkPrompts } from './stretches.ts'
export { workloadOf } from './workload.ts'
