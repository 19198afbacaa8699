import type { Threshold } from '../events/result.ts'
import { againstReference } from './against-reference.ts'
import type { Check } from './check.ts'
import { type CaseJudgement, conclude, jsonNumbers, mergeHistograms, unmeasured } from './conclusion.ts'
import { DIFFERING_INTEGERS, elementLimit, NON_FINITE, RELATIVE_ERROR } from './defaults.ts'
import { inconclusive, settle } from './finding.ts'
import { judgeOutput, type OutputJudgement, outputMetrics } from './outputs.ts'
import { type CasePair, comparableCase, comparableTensors, isCompared, pairCases } from './pairing.ts'
import { smallestShare } from './smallest-drop.ts'
import { caseLabel } from './wording.ts'

const NAME = 'outputs-parity'
const KIND = 'data'

/** Cases `data.*` of any model: every output, element by element. */
export const outputsParity: Check = {
  name: NAME,
  summary: "every output is the reference's, element by element, within the precision's rounding",
  kinds: [KIND],

  judge: againstReference(NAME, KIND, (reference, device, context) => {
    const limit = RELATIVE_ERROR[context.precision]
    const cases = pairCases(KIND, reference.outputs, device).map(pair =>
      judgeCase(pair, limit, context.isStated ?? false),
    )
    return conclude({
      name: NAME,
      reference: reference.name,
      judgements: cases.map(({ judgement }) => judgement),
      metrics: outputMetrics(cases.flatMap(({ outputs }) => outputs)),
      thresholds: {
        relL2: limit,
        elementError: elementLimit(limit),
        differingIntegers: DIFFERING_INTEGERS,
        nonFinite: NON_FINITE,
      },
      smallestDrop: smallestShare(cases.reduce((sum, { judgement }) => sum + judgement.samples, 0)),
    })
  }),
}

function judgeCase(
  pair: CasePair,
  limit: Threshold,
  isStated: boolean,
): { judgement: CaseJudgement; outputs: OutputJudgement[] } {
  const { id } = pair
  const sides = comparableCase(pair)
  if (sides.reference === null) return { judgement: unmeasured(id, sides.findings), outputs: [] }
  const { reference, device } = sides
  const findings = [...sides.findings]
  const outputs: OutputJudgement[] = []
  for (const name of Object.keys(reference.outputs).filter(isCompared)) {
    const theirs = device.outputs[name]
    // A missing output has been found already.
    if (theirs === undefined) continue
    const tensors = comparableTensors(id, name, reference.outputs[name], theirs)
    if ('status' in tensors) findings.push(tensors)
    else outputs.push(judgeOutput(id, name, tensors, { relL2: limit, isStated }))
  }
  findings.push(...outputs.flatMap(output => output.findings))
  if (!isStated && findings.length === 0 && outputs.every(output => output.elements === 0))
    findings.push(inconclusive(`the outputs of ${caseLabel(id)} have no element to compare`))

  const worst = outputs.reduce<OutputJudgement | null>((a, b) => (a === null || b.severity > a.severity ? b : a), null)
  const judgement: CaseJudgement = {
    result: { id, ...settle(findings), metrics: jsonNumbers(outputMetrics(outputs)), details: {} },
    samples: outputs.reduce((sum, output) => sum + output.elements, 0),
    worst: worst?.worst ?? null,
    severity: worst?.severity ?? Number.NEGATIVE_INFINITY,
    histogram: mergeHistograms(outputs.flatMap(output => output.histogram ?? [])),
  }
  return { judgement, outputs }
}
