/** Whether the tokens of a timed run are those that the model would choose: a fast wrong answer is a failure. */
import { RELATIVE_ERROR } from '../../../checks/defaults.ts'
import { noiseMargin, rowErrors } from '../../../checks/noise.ts'
import type { BenchmarkPoint } from '../../../events/result.ts'
import { toFloat32, tokenTensor } from '../../../tensor.ts'
import type { Precision } from '../../../words.ts'
import type { Session } from '../../session.ts'
import type { TimedGeneration } from './timed.ts'

export type Audit = BenchmarkPoint['audit']

/**
 * Replays the first and the last row of the last sample in one untimed pass of the judge, and asks for each token whether the
 * judge would have chosen it, or nearly so: its logit within the precision's noise of the best. Repetitions must agree with
 * each other too. Source of the idea: MLPerf Inference, TEST01 (audited runs on sampled outputs).
 */
export async function auditTokens(judge: Session, timed: TimedGeneration, precision: Precision): Promise<Audit> {
  const { batch, outputTokens: steps } = timed.point
  const rows = [...new Set([0, batch - 1])]
  const sample = timed.samples.length - 1
  const expected = timed.samples.length * batch * steps
  if (timed.tokens.length !== expected || sample < 0)
    return {
      status: 'fail',
      reason: `${timed.tokens.length} timed tokens came back, not ${expected}`,
      outputs: 0,
      disagreements: 0,
    }
  const perSample = batch * steps
  const last = timed.tokens.slice(sample * perSample)
  const changed = timed.tokens.findIndex((token, at) => token !== last[at % perSample])
  if (changed >= 0) {
    const reason = `repetitions of one prompt gave different tokens: sample ${Math.floor(changed / perSample)}, token ${changed % steps}`
    return { status: 'fail', reason, outputs: expected, disagreements: 1 }
  }
  let disagreements = 0
  let first: string | null = null
  for (const row of rows) {
    const tokens = last.slice(row * steps, (row + 1) * steps)
    const found = await disagreementsOf(judge, timed.prompts[row] ?? [], tokens, precision)
    disagreements += found.length
    if (first === null && found[0] !== undefined) first = `row ${row}: ${found[0]}`
  }
  const tokens = rows.length * steps
  if (first === null) return { status: 'pass', reason: null, outputs: tokens, disagreements }
  return {
    status: 'fail',
    reason: `${disagreements} of ${tokens} timed tokens are wrong; ${first}`,
    outputs: tokens,
    disagreements,
  }
}

async function disagreementsOf(
  judge: Session,
  prompt: readonly number[],
  tokens: readonly number[],
  precision: Precision,
): Promise<string[]> {
  const { logits } = await judge.run({ input_ids: tokenTensor([[...prompt, ...tokens.slice(0, -1)]]) }, tokens.length)
  const vocabulary = logits?.shape.at(-1) ?? 0
  if (!logits || logits.shape.at(-2) !== tokens.length)
    return [`the judge gave no logits for ${tokens.length} positions`]
  const values = toFloat32(logits)
  const { scale } = rowErrors(values, values, vocabulary)
  return tokens.flatMap((token, step) => {
    const row = values.subarray(step * vocabulary, (step + 1) * vocabulary)
    const best = row.reduce((largest, value) => Math.max(largest, value), Number.NEGATIVE_INFINITY)
    const lead = best - (row[token] ?? Number.NEGATIVE_INFINITY)
    const noise = noiseMargin(RELATIVE_ERROR[precision].limit, scale[step] ?? 0)
    return lead <= noise
      ? []
      : [`token ${step} is ${lead.toPrecision(3)} below the best logit (noise ${noise.toPrecision(3)})`]
  })
}
