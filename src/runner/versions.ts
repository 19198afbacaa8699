/** Whether a worker on another machine is of this Assay. */
import { version } from '../version.ts'
import type { FoundDevice } from './discovery.ts'

/** What a difference between the two means for a result, in one sentence; null where there is none, or the worker is of somebody else. */
export function otherVersion({ launch, versions }: Pick<FoundDevice, 'launch' | 'versions'>): string | null {
  const { assay } = versions
  if (assay === undefined || assay === version) return null
  return `the worker of ${launch.engine} is of Assay ${assay}, and this is Assay ${version}: install the same on both sides before you compare`
}
