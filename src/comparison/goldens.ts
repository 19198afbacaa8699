/** Two goldens side by side: element by element, and whether the five most probable tokens are the same at each position. */
import type { Outputs } from '../checks/index.ts'
import { isCompared } from '../checks/pairing.ts'
import { differingElements, isFloat } from '../checks/value-at.ts'
import { keepPart } from '../goldens/partial.ts'
import { compareElements, compareLogits } from '../metrics/index.ts'
import { type NamedTensors, type TensorData, toFloat32, toNumbers } from '../tensor.ts'
import type { Precision } from '../words.ts'
import type { ComparisonDocument, Finding, OutputComparison, Side } from './document.ts'
import { goldenFindings } from './golden-findings.ts'
import { compareRanks, compareTop, elementMetrics, integerMetrics, json, nothing, ranksOf } from './golden-outputs.ts'

export interface GoldenSide {
  /** As it was asked for. */
  readonly name: string
  readonly model: string
  readonly fingerprint: string
  readonly precision: Precision
  /** Who made it, for people. */
  readonly producer: string
  readonly outputs: Outputs
}

const LOGITS: readonly string[] = ['logits', 'last_logits', 'sampled_logits']
/** Of which a golden may keep the largest alone; the other side is then looked at there alone. */
const TOP_FORMS: readonly string[] = ['logits', 'sampled_logits', 'top_logits']

export function compareGoldens(a: GoldenSide, b: GoldenSide): ComparisonDocument {
  const ids = [...new Set([...a.outputs.keys(), ...b.outputs.keys()])]
  const outputs = ids.flatMap(id => compareCase(id, a.outputs, b.outputs))
  return {
    schema: 'assay-compare-1',
    a: sideOf(a),
    b: sideOf(b),
    findings: [...settings(a, b), ...goldenFindings(outputs)],
    units: [],
    only: { a: [], b: [] },
    outputs,
    gate: null,
  }
}

function sideOf({ name, model, producer, precision }: GoldenSide): Side {
  return { name, kind: 'golden', of: model, startedAt: null, by: `${producer}, ${precision}` }
}

function settings(a: GoldenSide, b: GoldenSide): Finding[] {
  const differs = (what: string, one: string, two: string) => (one === two ? [] : [`${what}: ${one} in A, ${two} in B`])
  const areKnown = a.fingerprint !== '' && b.fingerprint !== ''
  return [
    ...differs('another model', a.model, b.model),
    ...differs('another precision', a.precision, b.precision),
    ...differs('another producer', a.producer, b.producer),
    ...(areKnown && a.fingerprint !== b.fingerprint
      ? ['the goldens are of other configs or weights (fingerprints)']
      : []),
  ].map(sentence => ({ kind: 'setting', change: 'neutral', about: null, sentence }))
}

function compareCase(id: string, a: Outputs, b: Outputs): OutputComparison[] {
  const [one, two] = [a.get(id), b.get(id)]
  const lone = (status: 'only-a' | 'only-b', names: readonly string[]) =>
    names.map(output => ({ ...nothing(id, output), status }))
  if (one === undefined) return lone('only-b', Object.keys(two?.outputs ?? {}).filter(isCompared))
  if (two === undefined) return lone('only-a', Object.keys(one.outputs).filter(isCompared))
  const other = Object.keys(one.inputs).find(name => !isSame(one.inputs[name], two.inputs[name]))
  if (other !== undefined)
    return Object.keys(one.outputs)
      .filter(isCompared)
      .map(output => ({ ...nothing(id, output), reason: `the two answered other inputs (${other})` }))
  const [ours, theirs] = alike(one.outputs, two.outputs)
  const names = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].filter(isCompared)
  const isTop = names.includes('top_logits')
  const others = names.filter(name => !isTop || !TOP_FORMS.includes(name))
  return [
    ...(isTop ? [compareTop(id, ours, theirs)] : []),
    ...others.map(name => compareOutput(id, name, ours, theirs)),
  ]
}

function isSame(a: TensorData | undefined, b: TensorData | undefined): boolean {
  if (a === undefined || b === undefined || a.shape.join() !== b.shape.join()) return false
  if (a.type === b.type) return differingElements(a, b).count === 0
  return toNumbers(a).join() === toNumbers(b).join()
}

/** Where one side keeps a part of its logits, the same part of the other. */
function alike(a: NamedTensors, b: NamedTensors): readonly [NamedTensors, NamedTensors] {
  return [reduced(a, b), reduced(b, a)]
}

function reduced(own: NamedTensors, other: NamedTensors): NamedTensors {
  const isWhole = own['logits'] !== undefined && other['logits'] === undefined
  if (!isWhole || other['last_logits'] === undefined) return own
  return keepPart(new Map([['', { inputs: {}, outputs: own }]]), { what: 'last' }).get('')?.outputs ?? own
}

function compareOutput(id: string, output: string, a: NamedTensors, b: NamedTensors): OutputComparison {
  const [one, two] = [a[output], b[output]]
  const base = nothing(id, output)
  if (one === undefined) return { ...base, status: 'only-b' }
  if (two === undefined) return { ...base, status: 'only-a' }
  if (one.type !== two.type || one.shape.join() !== two.shape.join())
    return { ...base, reason: `${one.type} [${one.shape.join(', ')}] in A, ${two.type} [${two.shape.join(', ')}] in B` }
  const status = differingElements(one, two).count === 0 ? 'identical' : 'differs'
  if (!isFloat(one.type)) return { ...base, status, metrics: integerMetrics(one, two) }
  const [ours, theirs] = [toFloat32(one), toFloat32(two)]
  const vocabulary = one.shape.at(-1) ?? 0
  if (!LOGITS.includes(output) || vocabulary === 0 || ours.length === 0)
    return { ...base, status, metrics: elementMetrics(compareElements(ours, theirs)) }
  const positions = ours.length / vocabulary
  const { elements, klNats, top1 } = compareLogits(ours, theirs, { positions, vocabulary })
  return {
    ...base,
    status,
    metrics: { ...elementMetrics(elements), klNatsMean: json(klNats.mean), klNatsMax: json(klNats.max), top1 },
    topFive: compareRanks(ranksOf(ours, vocabulary), ranksOf(theirs, vocabulary)),
  }
}
