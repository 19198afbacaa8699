/** Puts a reference's outputs beside a device's, and says where they cannot be compared at all. */
import { BYTES_PER_ELEMENT, elementCount, type NamedTensors, type TensorData } from '../tensor.ts'
import type { CaseOutputs, Outputs } from './check.ts'
import { type Finding, failed, inconclusive } from './finding.ts'
import { differingElements, isFloat, valueAt } from './value-at.ts'
import { caseLabel, sayList } from './wording.ts'

/** A case on both sides; null where a side lacks it. */
export interface CasePair {
  readonly id: string
  readonly reference: CaseOutputs | null
  readonly device: CaseOutputs | null
}

/** Two tensors that can be compared: same shape, same type, as many bytes as they say. */
export interface TensorPair {
  readonly reference: TensorData
  readonly device: TensorData
}

/** The ids of the cases of a kind, `logits.*` for `logits`. */
export function caseIds(outputs: Outputs, kind: string): string[] {
  return [...outputs.keys()].filter(id => id.startsWith(`${kind}.`))
}

/** Every case of a kind that either side has, in the reference's order. */
export function pairCases(kind: string, reference: Outputs, device: Outputs): CasePair[] {
  const ids = new Set([...caseIds(reference, kind), ...caseIds(device, kind)])
  return Array.from(ids, id => ({ id, reference: reference.get(id) ?? null, device: device.get(id) ?? null }))
}

/** Outputs that a device is asked for to be compared with itself; a reference has none. */
export function isSelfCheck(output: string): boolean {
  return output.endsWith('_again') || output.endsWith('_stepwise')
}

/**
 * Remarks of a side on its own outputs, not outputs of the model: the margins of greedy choices, what else was likely, and how
 * large the logits are of which a golden keeps a part.
 */
const ANNOTATIONS: ReadonlySet<string> = new Set(['margins', 'top_ids', 'top_probabilities', 'logit_scale'])

/** Whether an output is one of the model, to be had on both sides. */
export const isCompared = (output: string): boolean => !isSelfCheck(output) && !ANNOTATIONS.has(output)

/**
 * Both sides of a case, once it is known that they can be compared; else what is wrong.
 * A missing case or output and an extra output are faults of the device. A case that the reference lacks, and one that it
 * answered for other inputs, cannot be judged.
 * `partOf`: of what output of the device an output of the reference is a part, by its name.
 */
export function comparableCase(
  pair: CasePair,
  partOf: Readonly<Record<string, string>> = {},
): { reference: CaseOutputs; device: CaseOutputs; findings: Finding[] } | { reference: null; findings: Finding[] } {
  const { id, reference, device } = pair
  if (reference === null) return { reference, findings: [inconclusive(`the reference has no case ${id}`)] }
  if (device === null) return { reference: null, findings: [failed(`case ${id} is missing`)] }
  const unlike = otherInputs(id, reference.inputs, device.inputs)
  if (unlike.length > 0) return { reference: null, findings: unlike }
  const findings = [
    ...missingOutputs(id, expectedNames(reference.outputs, partOf), device.outputs),
    ...extraOutputs(id, expectedNames(reference.outputs, partOf), device.outputs),
  ]
  return { reference, device, findings }
}

/** The outputs that the device should have. */
function expectedNames(reference: NamedTensors, partOf: Readonly<Record<string, string>>): ReadonlySet<string> {
  return new Set(
    Object.keys(reference)
      .filter(isCompared)
      .map(name => partOf[name] ?? name),
  )
}

function missingOutputs(id: string, expected: ReadonlySet<string>, device: NamedTensors): Finding[] {
  return [...expected]
    .filter(name => device[name] === undefined)
    .map(name => failed(`output ${name} of ${caseLabel(id)} is missing`))
}

function extraOutputs(id: string, expected: ReadonlySet<string>, device: NamedTensors): Finding[] {
  return Object.keys(device)
    .filter(name => isCompared(name) && !expected.has(name))
    .map(name => failed(`output ${name} of ${caseLabel(id)} is not one of the reference's`))
}

function otherInputs(id: string, reference: NamedTensors, device: NamedTensors): Finding[] {
  return Object.entries(reference)
    .filter(([name, tensor]) => !hasSameValues(tensor, device[name] ?? tensor))
    .map(([name]) => inconclusive(`the reference answered ${caseLabel(id)} for another ${name}`))
}

/** Token ids are the same in any integer type. */
function hasSameValues(a: TensorData, b: TensorData): boolean {
  if (sayList(a.shape) !== sayList(b.shape) || !isWhole(a) || !isWhole(b)) return false
  if (a.type === b.type) return differingElements(a, b).count === 0
  if (isFloat(a.type) || isFloat(b.type)) return false
  return Array.from({ length: elementCount(a.shape) }).every((_, i) => valueAt(a, i) === valueAt(b, i))
}

/** One output on both sides, once it is known that its elements can be compared; else what is wrong. */
export function comparableTensors(
  id: string,
  output: string,
  reference: TensorData | undefined,
  device: TensorData | undefined,
): TensorPair | Finding {
  const subject = `${output} of ${caseLabel(id)}`
  if (reference === undefined) return inconclusive(`the reference has no ${subject}`)
  if (device === undefined) return failed(`output ${subject} is missing`)
  return mismatch(`output ${subject}`, reference, device) ?? { reference, device }
}

/** Why the elements of two tensors cannot be compared; null where they can. */
export function mismatch(
  subject: string,
  reference: TensorData,
  device: TensorData,
  against = 'the reference',
): Finding | null {
  if (!isWhole(reference)) return inconclusive(`${subject} does not have the bytes of its shape in ${against}`)
  if (device.type !== reference.type)
    return failed(`${subject} has type ${device.type} where ${against} has ${reference.type}`)
  if (sayList(device.shape) !== sayList(reference.shape))
    return failed(`${subject} has shape ${sayList(device.shape)} where ${against} has ${sayList(reference.shape)}`)
  if (!isWhole(device)) return failed(`${subject} does not have the bytes of its shape ${sayList(device.shape)}`)
  return null
}

/** Whether a tensor has as many bytes as its shape and type say. */
export function isWhole(tensor: TensorData): boolean {
  return tensor.bytes.length === elementCount(tensor.shape) * BYTES_PER_ELEMENT[tensor.type]
}
