/** What a device that was off computed in: whether a shorter type than was asked for explains its error, and how to ask again. */
import type { CheckResult } from '../events/result.ts'
import type { Precision } from '../words.ts'
import { RELATIVE_ERROR } from './defaults.ts'
import { say } from './wording.ts'

/** What a runtime says of how it computes; `src/protocol/messages.ts` has the whole of it. */
export interface Computed {
  /** The types of matrix products, most work first. */
  readonly computedIn: readonly string[]
  /** The runtime's own property that says so. */
  readonly evidence?: string | undefined
  /** The line of a plan that asks for the precision wanted. */
  readonly remedy?: string | undefined
}

/** relL2 that rounding to a type explains. TF32 has the 10 stored bits of fp16 (NVIDIA A100 whitepaper, 2020). */
const EXPLAINS: Readonly<Record<string, number>> = {
  tf32: RELATIVE_ERROR.fp16.limit,
  fp16: RELATIVE_ERROR.fp16.limit,
  bf16: RELATIVE_ERROR.bf16.limit,
}

/**
 * A failed comparison with the reference, with the words that say whether a shorter type was at work; any other result as it is.
 * The verdict stays: what was asked for was not given.
 */
export function explainByType(result: CheckResult, asked: Precision, computed: Computed | null): CheckResult {
  const error = result.metrics['relL2']
  const limit = result.thresholds['relL2']?.limit
  const isOff = result.status === 'fail' && typeof error === 'number' && limit !== undefined && error > limit
  if (!isOff || result.reason === null) return result
  const sentence = explanation(error, asked, computed)
  return sentence === null ? result : { ...result, reason: `${result.reason}; ${sentence}` }
}

function explanation(error: number, asked: Precision, computed: Computed | null): string | null {
  const [type] = computed?.computedIn ?? []
  const said = `relL2 ${say(error)}`
  if (computed === null || type === undefined || type === asked) {
    const shortest = Object.entries(EXPLAINS).find(
      ([name, most]) => name !== asked && isShorter(name, asked) && error <= most,
    )
    if (shortest === undefined) return null
    const like = shortest[0] === 'tf32' ? 'TF32 or fp16' : shortest[0]
    const claim =
      type === undefined
        ? 'the runtime does not say what it computed in'
        : `the runtime says that it computed in ${asked}: perhaps a function that it only approximates`
    return `asked for ${asked}, and an error of ${said} is as large as rounding to ${like} gives; ${claim}`
  }
  const property = computed.evidence === undefined ? '' : ` (${computed.evidence})`
  const most = EXPLAINS[type]
  if (most === undefined) return `asked for ${asked}, and it was computed in ${type}${property}`
  const remedy = computed.remedy === undefined ? '' : `; to compute in ${asked}, in the plan: ${computed.remedy}`
  return error <= most
    ? `asked for ${asked}, and the error is that of ${type} (${said}, and ${type} explains up to ${most}), which the runtime says itself${property}${remedy}`
    : `asked for ${asked}, and the runtime computed in ${type}${property}, which explains an error of up to ${most}, not ${said}: something else is wrong too${remedy}`
}

/** Significant bits, the leading one included. */
const BITS: Readonly<Record<string, number>> = { fp32: 24, tf32: 11, fp16: 11, bf16: 8 }

function isShorter(type: string, asked: Precision): boolean {
  return (BITS[type] ?? 0) < (BITS[asked] ?? 0)
}
