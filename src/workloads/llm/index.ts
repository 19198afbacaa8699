export {
  benchmarkPrompts,
  goldenOutputs,
  type LlmCase,
  type LlmWorkload,
  workloadOfGolden,
} from './cases.ts'
export { workloadOf } from './workload.ts'
