/** Whether a timed run gave what the reference gives for the same images: a fast wrong answer is a failure. */
import type { BenchmarkPoint } from '../../../events/result.ts'
import type { NamedTensors } from '../../../tensor.ts'
import type { Precision } from '../../../words.ts'
import type { Session } from '../../session.ts'
import { disagreements } from './agreement.ts'
import { auditedRows } from './rows.ts'
import type { InferenceSubject } from './subject.ts'
import type { TimedInference } from './timed.ts'

export type Audit = BenchmarkPoint['audit']

/**
 * Runs some images of the timed batch on the judge, untimed, and compares with what the last timed pass gave for them; and what
 * the last pass of the warm-up gave for them with the same. The judge has a batch of its own size, so that a row that depends on
 * its neighbours shows too. Source of the idea: MLPerf Inference, TEST01 (audited runs on sampled outputs).
 */
export async function auditOutputs(
  judge: Pick<Session, 'run'>,
  { point, kept, before }: Pick<TimedInference, 'point' | 'kept' | 'before'>,
  precision: Precision,
  own?: InferenceSubject['disagreement'],
): Promise<Audit> {
  const rows = auditedRows(point.batch)
  const compare = (
    reference: NamedTensors,
    device: NamedTensors,
    of: 'reference' | 'itself',
  ): ReadonlyMap<number, string> => {
    if (own === undefined) return disagreements(reference, device, rows.length, precision)
    const why = own(reference, device, of)
    return new Map(why === null ? [] : [[0, why]])
  }
  const outputs = rows.length
  const apart = compare(kept.outputs, before, 'itself')
  if (apart.size > 0) {
    const reason = `repetitions of one batch gave different outputs: ${said(apart, rows)}`
    return { status: 'fail', reason, outputs, disagreements: apart.size }
  }
  const wrong = compare(await judge.run(kept.inputs), kept.outputs, 'reference')
  if (wrong.size === 0) return { status: 'pass', reason: null, outputs, disagreements: 0 }
  const reason = `${wrong.size} of ${outputs} audited images are wrong; ${said(wrong, rows)}`
  return { status: 'fail', reason, outputs, disagreements: wrong.size }
}

/** The first of them, by its row in the batch. */
function said(found: ReadonlyMap<number, string>, rows: readonly number[]): string {
  const [[row, why] = [0, '']] = found
  return `row ${rows[row] ?? row}: ${why}`
}
