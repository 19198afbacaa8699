import type { ElementComparison } from '../metrics/index.ts'
import { type Finding, failed, inconclusive } from './finding.ts'
import { placeOf, say, sayList } from './wording.ts'

/**
 * NaN and infinities: a fault where the reference has a number, and nothing to judge by where the reference is NaN itself.
 * The same infinity on both sides (a masked logit) is agreement.
 */
export function nonFiniteFindings(
  subject: string,
  against: string,
  reference: Float32Array,
  device: Float32Array,
  shape: readonly number[],
  elements: ElementComparison,
): Finding[] {
  const findings: Finding[] = []
  const fault = elements.nonFiniteMismatch < 0 ? -1 : firstFault(reference, device, elements.nonFiniteMismatch)
  if (fault >= 0)
    findings.push(
      failed(
        `${subject} is ${say(device[fault] ?? Number.NaN)} at ${sayList(placeOf(fault, shape))} ` +
          `where ${against} is ${say(reference[fault] ?? Number.NaN)}`,
      ),
    )
  if (elements.referenceNaN > 0) {
    const at = reference.findIndex(Number.isNaN)
    findings.push(inconclusive(`${against} itself is NaN at ${sayList(placeOf(at, shape))} of ${subject}`))
  }
  if (findings.length === 0 && elements.compared === 0)
    findings.push(inconclusive(`${subject} has no finite element to compare`))
  return findings
}

/** The first place from `start` where one side is not finite, the other differs, and the reference is not NaN. */
function firstFault(reference: Float32Array, device: Float32Array, start: number): number {
  for (let i = start; i < reference.length; i++) {
    const r = reference[i] ?? Number.NaN
    const d = device[i] ?? Number.NaN
    if (!Number.isNaN(r) && !(Number.isFinite(r) && Number.isFinite(d)) && r !== d) return i
  }
  return -1
}

/** How many elements of the device are not finite where the reference is another number. */
export function countNonFinite(reference: Float32Array, device: Float32Array, elements: ElementComparison): number {
  if (elements.nonFiniteMismatch < 0) return 0
  let count = 0
  for (let at = firstFault(reference, device, 0); at >= 0; at = firstFault(reference, device, at + 1)) count++
  return count
}
