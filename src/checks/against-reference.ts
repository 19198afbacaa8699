import type { CheckResult } from '../events/result.ts'
import type { Check, CheckContext, Outputs, Reference } from './check.ts'
import { skipped, withoutReference } from './conclusion.ts'
import { caseIds } from './pairing.ts'

/** How a check judges that needs a reference: it is skipped, with the reason, where there is none or none with cases of its kind. */
export function againstReference(
  name: string,
  kind: string,
  judge: (reference: Reference, device: Outputs, context: CheckContext) => CheckResult,
): Check['judge'] {
  return (reference, device, context) => {
    if (reference === null) return withoutReference(name, context)
    if (caseIds(reference.outputs, kind).length === 0)
      return skipped(name, `the reference has no case ${kind}.*`, reference)
    return judge(reference, device, context)
  }
}
