import type { Status } from '../words.ts'
import type { Check, CheckContext, Outputs } from './check.ts'
import { type CaseJudgement, conclude, shownCases, skipped, unmeasured } from './conclusion.ts'
import { RELATIVE_ERROR, WRONG_ANSWERS } from './defaults.ts'
import { type Finding, failed, inconclusive, settle } from './finding.ts'
import { logitScale, noiseMargin } from './noise.ts'
import { caseIds } from './pairing.ts'
import { compareSequences, type Sequences, showParting, tokensOf } from './sequences.ts'
import { smallestShare } from './smallest-drop.ts'
import { caseLabel } from './wording.ts'

const NAME = 'known-answers'
const KIND = 'generate'

type Decode = (tokens: readonly number[]) => string

/** How an answer counts. `unknown`: the reference does not give it either, so the model does not know it. */
type Verdict = 'right' | 'wrong' | 'near-tie' | 'unknown' | 'unjudged'

interface Answer {
  readonly verdict: Verdict
  readonly judgement: CaseJudgement
}

/**
 * Cases `generate.*` that have an expected text in `context.answers`; output `sequences` i64 [1, steps].
 * A wrong answer that parts from the reference's at a near tie is counted and shown, and no failure: the text after it may be
 * any other. A prompt that the reference does not answer as expected says nothing of the device, and is counted apart.
 */
export const knownAnswers: Check = {
  name: NAME,
  summary: 'known prompts are continued with exactly the expected text',
  kinds: [KIND, 'logits'],

  judge(reference, device, context) {
    const { answers, decode } = context
    const ours: Outputs = reference?.outputs ?? new Map()
    const ids = [...new Set([...caseIds(ours, KIND), ...caseIds(device, KIND)])].filter(id => answers.has(id))
    if (ids.length === 0) return skipped(NAME, `no case ${KIND}.* has a known answer`, reference)
    if (decode === null) return skipped(NAME, 'the model has no tokenizer', reference)

    const noise = noiseMargin(RELATIVE_ERROR[context.precision].limit, logitScale(ours))
    const judged = ids.map(id => judgeAnswer(id, ours, device, context, decode, noise))
    const known = judged.filter(answer => answer.verdict !== 'unknown')
    const count = (verdict: Verdict) => judged.filter(answer => answer.verdict === verdict).length
    const result = conclude({
      name: NAME,
      reference: reference?.name ?? null,
      judgements: known.length > 0 ? known.map(answer => answer.judgement) : judged.map(answer => answer.judgement),
      metrics: {
        exactMatch: known.length > 0 ? count('right') / known.length : Number.NaN,
        wrongAnswers: count('wrong'),
        nearTies: count('near-tie'),
        unknownAnswers: count('unknown'),
      },
      thresholds: { wrongAnswers: WRONG_ANSWERS },
      smallestDrop: smallestShare(known.length),
    })
    return { ...result, cases: shownCases(judged.map(answer => answer.judgement)) }
  },
}

function judgeAnswer(
  id: string,
  reference: Outputs,
  device: Outputs,
  context: CheckContext,
  decode: Decode,
  noise: number,
): Answer {
  const expected = (context.answers.get(id) ?? '').trim()
  const label = caseLabel(id)
  const ours = textOf(reference, id, decode)
  const theirs = textOf(device, id, decode)
  const sequences = sequencesOf(id, reference, device, noise)
  const parting = sequences?.parting ?? null
  const show = sequences === null ? undefined : showParting(reference.get(id), device.get(id), sequences, context)
  const answer = (verdict: Verdict, findings: readonly Finding[]): Answer => ({
    verdict,
    judgement: {
      ...unmeasured(id, []),
      ...(show !== undefined && { show }),
      samples: verdict === 'unknown' || verdict === 'unjudged' ? 0 : 1,
      result: {
        id,
        ...settle(findings),
        metrics: { firstDifference: parting?.index ?? null, margin: parting?.margin ?? null },
        details: {
          expected,
          ...('text' in theirs && { got: theirs.text }),
          ...('text' in ours && ours.text !== expected && { reference: ours.text }),
          ...(verdict === 'near-tie' && parting !== null && { nearTie: parting.reason }),
        },
      },
    },
  })

  if (!device.has(id)) return answer('wrong', [failed(`case ${id} is missing`)])
  if (!('text' in theirs)) return answer('wrong', [failed(theirs.reason)])
  if ('text' in ours && ours.text !== expected)
    return answer('unknown', [
      inconclusive(`the reference itself answers ${label} with ${quote(ours.text)}, not ${quote(expected)}`),
    ])
  if (theirs.text === expected) return answer('right', [])
  const wrong = `${label} is answered with ${quote(theirs.text)}, not ${quote(expected)}`
  if (!('text' in ours))
    return answer('unjudged', [inconclusive(`${wrong}, and no reference shows that the model knows it`)])
  return parting?.judged === 'near-tie' ? answer('near-tie', []) : answer('wrong', [failed(wrong)])
}

function textOf(outputs: Outputs, id: string, decode: Decode): { text: string } | { status: Status; reason: string } {
  const tokens = tokensOf(outputs.get(id)?.outputs['sequences'])
  if (tokens === null)
    return { status: 'fail', reason: `sequences of ${caseLabel(id)} is missing or no row of token ids` }
  try {
    return { text: decode(tokens).trim() }
  } catch (cause) {
    // A tokenizer may refuse a token that it does not know, and the device may give any.
    const why = cause instanceof Error ? cause.message : String(cause)
    return { status: 'fail', reason: `sequences of ${caseLabel(id)} cannot be decoded: ${why}` }
  }
}

function sequencesOf(id: string, reference: Outputs, device: Outputs, noise: number): Sequences | null {
  const compared = compareSequences(id, reference.get(id)?.outputs ?? {}, device.get(id)?.outputs ?? {}, noise)
  return 'status' in compared ? null : compared
}

const quote = (text: string): string => JSON.stringify(text)
