import { againstReference } from './against-reference.ts'
import type { Check, CheckContext } from './check.ts'
import { type CaseJudgement, conclude, unmeasured } from './conclusion.ts'
import { DISAGREEMENTS, RELATIVE_ERROR } from './defaults.ts'
import { type Finding, failed, inconclusive, settle } from './finding.ts'
import { logitScale, noiseMargin } from './noise.ts'
import { type CasePair, comparableCase, pairCases } from './pairing.ts'
import { compareSequences, type Sequences, showParting } from './sequences.ts'
import { smallestShare } from './smallest-drop.ts'

const NAME = 'greedy-agreement'
const KIND = 'generate'

/** Cases `generate.*`, output `sequences` i64 [1, steps]; the reference adds `margins` f32 [1, steps]. */
export const greedyAgreement: Check = {
  name: NAME,
  summary: "greedy generation chooses the reference's tokens, but for near ties",
  kinds: [KIND, 'logits'],

  judge: againstReference(NAME, KIND, (reference, device, context) => {
    const noise = noiseMargin(RELATIVE_ERROR[context.precision].limit, logitScale(reference.outputs))
    const pairs = pairCases(KIND, reference.outputs, device).map(pair => judgePair(pair, noise, context))
    const compared = pairs.flatMap(({ sequences }) => sequences ?? [])
    const count = (judged: string) => compared.filter(({ parting }) => parting?.judged === judged).length
    return conclude({
      name: NAME,
      reference: reference.name,
      judgements: pairs.map(({ judgement }) => judgement),
      metrics:
        compared.length === 0
          ? {}
          : {
              agreement: compared.filter(({ parting }) => parting === null).length / compared.length,
              disagreements: count('fault'),
              nearTies: count('near-tie'),
              meanAgreedTokens: compared.reduce((sum, sequences) => sum + agreedTokens(sequences), 0) / compared.length,
              noise,
            },
      thresholds: { disagreements: DISAGREEMENTS },
      smallestDrop: smallestShare(compared.length),
    })
  }),
}

function agreedTokens({ reference, parting }: Sequences): number {
  return parting?.index ?? reference.length
}

function judgePair(
  pair: CasePair,
  noise: number,
  context: CheckContext,
): { judgement: CaseJudgement; sequences: Sequences | null } {
  const { id } = pair
  const sides = comparableCase(pair)
  if (sides.reference === null) return { judgement: unmeasured(id, sides.findings), sequences: null }
  const sequences = compareSequences(id, sides.reference.outputs, sides.device.outputs, noise)
  if ('status' in sequences) return { judgement: unmeasured(id, [...sides.findings, sequences]), sequences: null }

  const { parting } = sequences
  const show = showParting(sides.reference, sides.device, sequences, context)
  const judgement: CaseJudgement = {
    ...unmeasured(id, []),
    ...(show !== undefined && { show }),
    samples: 1,
    // The surer the reference was, the worse is another token.
    severity: parting?.margin ?? 0,
    result: {
      id,
      ...settle([...sides.findings, ...emptyFindings(id, sequences), ...partingFindings(sequences)]),
      metrics: {
        tokens: sequences.reference.length,
        agreedTokens: agreedTokens(sequences),
        firstDifference: parting?.index ?? null,
        margin: parting?.margin ?? null,
      },
      details: parting?.judged === 'near-tie' ? { nearTie: parting.reason } : {},
    },
  }
  return { judgement, sequences }
}

function partingFindings({ parting }: Sequences): Finding[] {
  if (parting === null || parting.judged === 'near-tie') return []
  return [parting.judged === 'fault' ? failed(parting.reason) : inconclusive(parting.reason)]
}

function emptyFindings(id: string, { reference }: Sequences): Finding[] {
  return reference.length === 0 ? [inconclusive(`the reference generated nothing for ${id}`)] : []
}
