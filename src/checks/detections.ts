/** Reads the boxes that both sides found in an image, and the objects that are there. */
import type { Box, Detection, TruthBox } from '../metrics/index.ts'
import { elementCount, type NamedTensors, type TensorData, toFloat32 } from '../tensor.ts'
import { type Finding, failed, inconclusive } from './finding.ts'
import { type CasePair, comparableCase, isWhole } from './pairing.ts'
import { isFloat, valueAt } from './value-at.ts'
import { caseLabel, say, sayList } from './wording.ts'

/** An image on both sides. */
export interface ComparedScene {
  readonly id: string
  /** Those of the case; the reference's, and what our own dataset adds to them. */
  readonly inputs: NamedTensors
  readonly reference: readonly Detection[]
  /** Those whose numbers are all finite. */
  readonly device: readonly Detection[]
  /** Numbers of the device's boxes that are not finite. */
  readonly nonFinite: number
}

/** Boxes f32 [n, 4] (x1 y1 x2 y2 in px of the original image), scores f32 [n], labels i64 [n]. */
const WIDTHS = { boxes: [4], scores: [], labels: [] } as const
type OutputName = keyof typeof WIDTHS
const NAMES: readonly OutputName[] = ['boxes', 'scores', 'labels']

/** Both sides' boxes, once it is known that they can be compared; else what is wrong. n may differ from side to side. */
export function comparableScene(pair: CasePair): { scene: ComparedScene | null; findings: Finding[] } {
  const { id } = pair
  const sides = comparableCase(pair)
  if (sides.reference === null) return { scene: null, findings: sides.findings }
  const { reference, device } = sides
  const ours = readOutputs(reference.outputs)
  if ('problem' in ours)
    return { scene: null, findings: [...sides.findings, inconclusive(`the reference's ${sayBroken(id, ours)}`)] }
  const unlike = NAMES.filter(name => device.outputs[name] !== undefined).flatMap(name =>
    otherType(id, name, reference.outputs[name], device.outputs[name]),
  )
  const theirs = readOutputs(device.outputs)
  // A missing output has been found already.
  const isIncomplete = NAMES.some(name => device.outputs[name] === undefined)
  if (isIncomplete || unlike.length > 0 || 'problem' in theirs) {
    const broken = 'problem' in theirs && !isIncomplete ? [failed(`output ${sayBroken(id, theirs)}`)] : []
    return { scene: null, findings: [...sides.findings, ...unlike, ...(unlike.length > 0 ? [] : broken)] }
  }
  const [unsound] = ours.filter(detection => !isSound(detection))
  if (unsound !== undefined)
    return {
      scene: null,
      findings: [
        ...sides.findings,
        inconclusive(`the reference itself has a box that is ${sayBox(unsound)} in ${caseLabel(id)}`),
      ],
    }
  const broken = theirs.flatMap((detection, i) =>
    isSound(detection) ? [] : [failed(`box ${i} of ${caseLabel(id)} is ${sayBox(detection)}`)],
  )
  const scene = {
    id,
    inputs: { ...reference.inputs, ...device.inputs },
    reference: ours,
    device: theirs.filter(isSound),
    nonFinite: theirs.reduce((sum, detection) => sum + numbersOf(detection).filter(x => !Number.isFinite(x)).length, 0),
  }
  return { scene, findings: [...sides.findings, ...broken] }
}

interface BrokenOutput {
  readonly output: OutputName
  readonly problem: string
}

const sayBroken = (id: string, { output, problem }: BrokenOutput): string => `${output} of ${caseLabel(id)} ${problem}`

/** The boxes of one side, or which output is not what it should be. */
function readOutputs(outputs: NamedTensors): Detection[] | BrokenOutput {
  const count = outputs['scores']?.shape[0] ?? 0
  for (const output of NAMES) {
    const problem = problemOf(output, outputs[output], count)
    if (problem !== null) return { output, problem }
  }
  const [boxes, scores, labels] = [floats(outputs['boxes']), floats(outputs['scores']), integers(outputs['labels'])]
  return Array.from(scores, (score, i) => ({ box: boxAt(boxes, i), score, label: labels[i] ?? Number.NaN }))
}

function problemOf(name: OutputName, tensor: TensorData | undefined, count: number): string | null {
  const wanted = sayList([count, ...WIDTHS[name]])
  if (tensor === undefined) return 'is missing'
  if (sayList(tensor.shape) !== wanted)
    return `has shape ${sayList(tensor.shape)}, not ${wanted}, as there are ${count} scores`
  if (isFloat(tensor.type) === (name === 'labels')) return `has type ${tensor.type}`
  return isWhole(tensor) ? null : `does not have the bytes of its shape ${wanted}`
}

function otherType(id: string, name: string, ours: TensorData | undefined, theirs: TensorData | undefined): Finding[] {
  if (ours === undefined || theirs === undefined || ours.type === theirs.type) return []
  return [failed(`output ${name} of ${caseLabel(id)} has type ${theirs.type} where the reference has ${ours.type}`)]
}

/** The objects of an image; null where the dataset does not say, and what is wrong where it says it badly. */
export function truthOf(id: string, inputs: NamedTensors): readonly TruthBox[] | null | Finding {
  const { class_labels, true_boxes, crowd, area } = inputs
  if (class_labels === undefined || true_boxes === undefined) return null
  const count = class_labels.shape[0] ?? 0
  const isWellFormed =
    isList(class_labels, [count], false) &&
    isList(true_boxes, [count, 4], true) &&
    (crowd === undefined || isList(crowd, [count], false)) &&
    (area === undefined || isList(area, [count], true))
  if (!isWellFormed)
    return inconclusive(`the true boxes of ${caseLabel(id)} are not as many as its class_labels, or no numbers`)
  const [boxes, areas, crowds] = [floats(true_boxes), floats(area), integers(crowd)]
  return integers(class_labels).map((label, i) => {
    const box = boxAt(boxes, i)
    const own = (box[2] - box[0]) * (box[3] - box[1])
    return { box, label, isCrowd: (crowds[i] ?? 0) !== 0, area: areas[i] ?? own }
  })
}

function isList(tensor: TensorData, shape: readonly number[], wantsFloat: boolean): boolean {
  if (sayList(tensor.shape) !== sayList(shape) || !isWhole(tensor) || isFloat(tensor.type) !== wantsFloat) return false
  return !wantsFloat || toFloat32(tensor).every(Number.isFinite)
}

/** Two numbers of an input: `size` (height and width in px), `thresholds` (of scores, and of the overlap of suppression). */
export function twoNumbers(tensor: TensorData | undefined): readonly [number, number] | null {
  if (tensor === undefined || elementCount(tensor.shape) !== 2 || !isWhole(tensor)) return null
  const [first = Number.NaN, second = Number.NaN] = isFloat(tensor.type) ? toFloat32(tensor) : integers(tensor)
  return Number.isFinite(first) && Number.isFinite(second) ? [first, second] : null
}

function floats(tensor: TensorData | undefined): Float32Array {
  return tensor === undefined ? new Float32Array(0) : toFloat32(tensor)
}

function integers(tensor: TensorData | undefined): number[] {
  return tensor === undefined ? [] : Array.from({ length: elementCount(tensor.shape) }, (_, i) => valueAt(tensor, i))
}

function boxAt(values: Float32Array, index: number): Box {
  const at = (i: number) => values[4 * index + i] ?? Number.NaN
  return [at(0), at(1), at(2), at(3)]
}

const numbersOf = ({ box, score }: Detection): number[] => [...box, score]
const isSound = (detection: Detection): boolean => numbersOf(detection).every(Number.isFinite)

/** `[10, 20, 30.5, 40] with score 0.91`. */
export function sayBox({ box, score }: Detection): string {
  return `[${box.map(value => say(Number(value.toFixed(2)))).join(', ')}] with score ${say(score)}`
}
