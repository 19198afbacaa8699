import type { WorstElement } from '../events/result.ts'
import { elementCount, type NamedTensors } from '../tensor.ts'
import type { Check } from './check.ts'
import { type CaseJudgement, conclude, jsonNumber, skipped, unmeasured } from './conclusion.ts'
import { DIFFERING_ELEMENTS } from './defaults.ts'
import { type Finding, failed, settle } from './finding.ts'
import { mismatch } from './pairing.ts'
import { smallestShare } from './smallest-drop.ts'
import { differingElements, valueAt } from './value-at.ts'
import { caseLabel, placeOf, sayList } from './wording.ts'

const NAME = 'determinism'
const SUFFIX = '_again'

/** Every output `NAME_again` of the device against its `NAME`: the same call a second time. Bits, so that NaN equals itself. */
export const determinism: Check = {
  name: NAME,
  summary: 'the same call twice gives the same bits',
  kinds: ['logits', 'data'],

  judge(_reference, device) {
    const cases = [...device].filter(([, { outputs }]) => repeatedOutputs(outputs).length > 0)
    if (cases.length === 0) return skipped(NAME, 'no output was asked for a second time', null)
    const judgements = cases.map(([id, { outputs }]) => judgeCase(id, outputs))
    const sum = (metric: string) => judgements.reduce((total, { result }) => total + (result.metrics[metric] ?? 0), 0)
    return conclude({
      name: NAME,
      reference: null,
      judgements,
      metrics: { differingElements: sum('differingElements'), elements: sum('elements') },
      thresholds: { differingElements: DIFFERING_ELEMENTS },
      smallestDrop: smallestShare(judgements.reduce((total, { samples }) => total + samples, 0)),
    })
  },
}

function repeatedOutputs(outputs: NamedTensors): string[] {
  return Object.keys(outputs).filter(name => name.endsWith(SUFFIX))
}

function judgeCase(id: string, outputs: NamedTensors): CaseJudgement {
  const repeats = repeatedOutputs(outputs).map(again => judgeRepeat(id, again.slice(0, -SUFFIX.length), outputs))
  const sum = (of: (repeat: Repeat) => number) => repeats.reduce((total, repeat) => total + of(repeat), 0)
  const worst = repeats.find(repeat => repeat.worst !== null)
  return {
    ...unmeasured(id, []),
    result: {
      id,
      ...settle(repeats.flatMap(repeat => repeat.finding ?? [])),
      metrics: { differingElements: sum(repeat => repeat.differing), elements: sum(repeat => repeat.elements) },
      details: {},
    },
    samples: repeats.length,
    worst: worst?.worst ?? null,
    severity: worst?.differing ?? 0,
  }
}

interface Repeat {
  readonly finding: Finding | null
  readonly differing: number
  readonly elements: number
  readonly worst: WorstElement | null
}

function judgeRepeat(id: string, name: string, outputs: NamedTensors): Repeat {
  const [first, second] = [outputs[name], outputs[name + SUFFIX]]
  const subject = `${name} of ${caseLabel(id)}`
  const broken = (reason: string): Repeat => ({ finding: failed(reason), differing: 0, elements: 0, worst: null })
  if (first === undefined || second === undefined) return broken(`output ${subject} is missing, and was given again`)
  const unlike = mismatch(`output ${name}${SUFFIX} of ${caseLabel(id)}`, first, second, 'the first call')
  if (unlike !== null) return broken(unlike.reason)

  const elements = elementCount(first.shape)
  const { count, first: at } = differingElements(first, second)
  if (count === 0) return { finding: null, differing: 0, elements, worst: null }
  const index = placeOf(at, first.shape)
  const [a, b] = [valueAt(first, at), valueAt(second, at)]
  return {
    finding: failed(
      `${subject} differs from call to call in ${count} of ${elements} elements, first at ${sayList(index)}: ${b} after ${a}`,
    ),
    differing: count,
    elements,
    worst: { case: id, output: name, index, reference: jsonNumber(a), device: jsonNumber(b) },
  }
}
