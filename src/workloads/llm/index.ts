export {
  benchmarkPrompts,
  casesOfKinds,
  goldenOutputs,
  type LlmWorkload,
  referenceCases,
  workloadOfGolden,
} from './cases.ts'
export { caseKinds, familyOf, type LlmCase } from './families/index.ts'
export { workloadOf } from './workload.ts'
