/** Whether a device's outputs for some images are those of the reference. Pure. */
import { positionLimit, RELATIVE_ERROR } from '../../../checks/defaults.ts'
import { noiseMargin, rowErrors } from '../../../checks/noise.ts'
import { compareElements } from '../../../metrics/index.ts'
import { type NamedTensors, type TensorData, toFloat32 } from '../../../tensor.ts'
import type { Precision } from '../../../words.ts'

/** Why a row is wrong, by its number. */
export type Disagreements = ReadonlyMap<number, string>

/**
 * The rows in which an output is off. An output [rows, classes] named `logits` gives a choice: its relative L2 error may be as large as that
 * of one position of a check, and its best class must be the reference's, or nearly so: within the precision's noise. Any other output
 * is held against the precision's limit of the whole.
 * @param rows - of every output; those that do not have so many are one row
 */
export function disagreements(
  reference: NamedTensors,
  device: NamedTensors,
  rows: number,
  precision: Precision,
): Disagreements {
  const found = new Map<number, string>()
  for (const [name, right] of Object.entries(reference)) {
    const given = device[name]
    const isUnlike = given === undefined || given.type !== right.type || `${given.shape}` !== `${right.shape}`
    if (isUnlike) return new Map([[0, `${name} is ${described(given)}, the reference's ${described(right)}`]])
    const count = right.shape[0] === rows ? rows : 1
    for (const [row, why] of rowsOff(name, right, given, count, precision)) if (!found.has(row)) found.set(row, why)
  }
  return found
}

function described(tensor: TensorData | undefined): string {
  return tensor === undefined ? 'missing' : `${tensor.type} [${tensor.shape.join(', ')}]`
}

function rowsOff(
  name: string,
  right: TensorData,
  given: TensorData,
  rows: number,
  precision: Precision,
): (readonly [number, string])[] {
  if (!/^(f|bf)/.test(right.type))
    return Buffer.compare(right.bytes, given.bytes) === 0 ? [] : [[0, `${name} holds other numbers`]]
  const [ours, theirs] = [toFloat32(right), toFloat32(given)]
  const size = ours.length / rows
  const isChoice = name === 'logits' && right.shape.length === 2
  const whole = RELATIVE_ERROR[precision]
  const { limit } = isChoice ? positionLimit(whole) : whole
  return Array.from({ length: rows }, (_, row) => {
    const [r, d] = [ours.subarray(row * size, (row + 1) * size), theirs.subarray(row * size, (row + 1) * size)]
    const why = offBy(r, d, limit) ?? (isChoice ? otherChoice(r, d, whole.limit) : null)
    return [row, why === null ? '' : `${name}: ${why}`] as const
  }).filter(([, why]) => why !== '')
}

function offBy(reference: Float32Array, device: Float32Array, limit: number): string | null {
  const broken = device.findIndex((value, at) => !Number.isFinite(value) && Number.isFinite(reference[at] ?? 0))
  if (broken >= 0) return `element ${broken} is ${device[broken]}`
  const { relL2 } = compareElements(reference, device)
  return relL2 <= limit ? null : `relative L2 error ${relL2.toPrecision(3)}, at most ${limit}`
}

/** A best class of the device that the reference puts below its own by more than noise. */
function otherChoice(reference: Float32Array, device: Float32Array, relativeError: number): string | null {
  const chosen = device.indexOf(device.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY))
  const best = reference.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY)
  const lead = best - (reference[chosen] ?? Number.NEGATIVE_INFINITY)
  const noise = noiseMargin(relativeError, rowErrors(reference, reference, reference.length).scale[0] ?? 0)
  return lead <= noise
    ? null
    : `class ${chosen} is chosen, ${lead.toPrecision(3)} below the reference's best (noise ${noise.toPrecision(3)})`
}
