/** Logits of which a golden keeps the whole, the last position, or the largest of each position: how each is judged. */
import type { Threshold } from '../events/result.ts'
import { elementCount, type NamedTensors, type TensorData } from '../tensor.ts'
import type { CaseOutputs, Outputs } from './check.ts'
import { failed, inconclusive } from './finding.ts'
import { judgeLogits, type LogitsJudgement, unmeasuredLogits } from './logits.ts'
import type { ShownLogits } from './logits-findings.ts'
import { logitScale } from './noise.ts'
import { type CasePair, comparableCase, comparableTensors, mismatch } from './pairing.ts'
import { judgeTopLogits } from './top-logits.ts'
import { caseLabel, sayList } from './wording.ts'

/** What a golden keeps of an output of logits [1, positions, vocabulary]; docs/goldens.md. */
type Form = 'whole' | 'last' | 'top'

export interface KeptLogits {
  /** The device's output: `logits` [1, positions, vocabulary], or [1, classes] of an image. */
  readonly output: string
  readonly limit: Threshold
  /** All of the reference's cases: what a near tie is may follow from their scale. */
  readonly outputs: Outputs
  /** How it is shown token by token; absent, or null for a case, where it is not. */
  readonly shown?: (reference: CaseOutputs) => ShownLogits | null
}

/** Judges one case by whatever the reference keeps of its logits. What it does not keep is named in the case's details. */
export function judgeKeptLogits(pair: CasePair, kept: KeptLogits): LogitsJudgement {
  const { output } = kept
  const sides = comparableCase(pair, { last_logits: output, top_logits: output })
  if (sides.reference === null) return unmeasuredLogits(pair.id, sides.findings)
  const { reference, device, findings } = sides
  const [form = 'whole', ...others] = formsOf(output, reference.outputs)
  if (others.length > 0)
    return unmeasuredLogits(pair.id, [
      ...findings,
      inconclusive(`the reference keeps ${output} of ${caseLabel(pair.id)} in several forms; a case holds one`),
    ])
  const given = device.outputs[output]
  switch (form) {
    case 'whole': {
      const tensors = comparableTensors(pair.id, output, reference.outputs[output], given)
      if ('status' in tensors) return unmeasuredLogits(pair.id, [...findings, tensors])
      const subject = { id: pair.id, output, against: 'the reference', ...shownOf(kept, reference) }
      return judgeLogits(subject, tensors, kept.limit, findings)
    }
    case 'last':
      return judgeLast(pair.id, kept, reference, given, findings)
    case 'top': {
      if (given === undefined) return unmeasuredLogits(pair.id, findings)
      const scale = logitScale(kept.outputs)
      return judgeTopLogits({ id: pair.id, output, limit: kept.limit, scale }, reference, given, findings)
    }
  }
}

/** Whether a case keeps a part of its logits alone. */
export function keepsPart({ last_logits, top_logits }: NamedTensors): boolean {
  return last_logits !== undefined || top_logits !== undefined
}

/** The forms in which a case keeps an output of logits. */
function formsOf(output: string, kept: NamedTensors): Form[] {
  return [
    ...(kept[output] === undefined ? [] : (['whole'] as const)),
    ...(kept['last_logits'] === undefined ? [] : (['last'] as const)),
    ...(kept['top_logits'] === undefined ? [] : (['top'] as const)),
  ]
}

function shownOf({ shown }: KeptLogits, reference: CaseOutputs): { readonly shown?: ShownLogits } {
  const how = shown?.(reference) ?? null
  return how === null ? {} : { shown: how }
}

/** `last_logits` [1, vocabulary] against the last position of the device's logits. */
function judgeLast(
  id: string,
  kept: KeptLogits,
  reference: CaseOutputs,
  given: TensorData | undefined,
  findings: readonly ReturnType<typeof failed>[],
): LogitsJudgement {
  const last = reference.outputs['last_logits']
  if (given === undefined || last === undefined) return unmeasuredLogits(id, findings)
  const [batch, vocabulary, ...rest] = last.shape
  if (batch !== 1 || vocabulary === undefined || rest.length > 0)
    return unmeasuredLogits(id, [
      ...findings,
      inconclusive(`last_logits of ${caseLabel(id)} have shape ${sayList(last.shape)}, not [1, vocabulary]`),
    ])
  const positions = reference.inputs['input_ids']?.shape.at(-1) ?? given.shape.at(-2) ?? 0
  const wanted = [1, positions, vocabulary]
  // A reference that kept every position would have had this shape; its bytes play no part.
  const whole = { type: last.type, shape: wanted, bytes: new Uint8Array(0) }
  const subject = `output ${kept.output} of ${caseLabel(id)}`
  const unlike = shapeOrType(subject, whole, given) ?? mismatch(subject, given, given)
  if (unlike !== null) return unmeasuredLogits(id, [...findings, unlike])
  const size = given.bytes.length / positions
  const tensors = {
    reference: { ...last, shape: [1, 1, vocabulary] },
    device: { type: given.type, shape: [1, 1, vocabulary], bytes: given.bytes.subarray((positions - 1) * size) },
  }
  const wrong = mismatch(`last_logits of ${caseLabel(id)}`, tensors.reference, tensors.device)
  if (wrong !== null) return unmeasuredLogits(id, [...findings, wrong])
  const judged = judgeLogits(
    { id, output: 'last_logits', against: 'the reference', of: elementCount(wanted), ...shownOf(kept, reference) },
    tensors,
    kept.limit,
    findings,
  )
  return withUnjudged(
    judged,
    positions > 1 ? `positions 0 to ${positions - 2} of ${positions}: the golden keeps the last alone` : null,
  )
}

function shapeOrType(subject: string, wanted: TensorData, given: TensorData) {
  if (given.type !== wanted.type)
    return failed(`${subject} has type ${given.type} where the reference has ${wanted.type}`)
  if (sayList(given.shape) !== sayList(wanted.shape))
    return failed(
      `${subject} has shape ${sayList(given.shape)} where the reference's inputs ask for ${sayList(wanted.shape)}`,
    )
  return null
}

/** The judgement, with what it says nothing of. */
export function withUnjudged(judgement: LogitsJudgement, notJudged: string | null): LogitsJudgement {
  if (notJudged === null) return judgement
  const { result } = judgement
  return { ...judgement, result: { ...result, details: { ...result.details, notJudged } } }
}
