/** From the text of an option to a value of the domain; each says what is allowed. */
import { AssayError } from '../errors.ts'
import type { DeviceId, Precision } from '../words.ts'
import type { Reader } from './option.ts'

/** What `--report` says of itself. */
export const REPORTS =
  'write a report, by its ending: .html, .json, .xml (JUnit), .md (Markdown) or .csv; may be given several times'

function invalid(message: string, flag: string, hint: string): AssayError {
  return new AssayError('argument-invalid', message, { where: flag, hint })
}

/** A word of a closed set. */
export function oneOf<const T extends string>(allowed: () => Promise<readonly T[]> | readonly T[]): Reader<T> {
  return async (text, flag) => {
    const words = await allowed()
    const found = words.find(word => word === text)
    if (found !== undefined) return found
    const { didYouMean } = await import('../plan/nearest.ts')
    throw invalid(`'${text}' is not allowed here`, flag, didYouMean(text, words))
  }
}

/** The words of `Precision`, for texts of help, which must not wait for its schema to load. */
export const PRECISION_WORDS = 'fp32, fp16, bf16, int8, int4, int4-symmetric'

export const precision: Reader<Precision> = oneOf(async () => (await import('../words.ts')).Precision.options)

export const check = oneOf(async () => Object.keys((await import('../checks/index.ts')).checks))

/** A device by its form; whether it is here is found out later. */
export const device: Reader<DeviceId> = async (text, flag) => {
  const { DeviceId } = await import('../words.ts')
  const parsed = DeviceId.safeParse(text)
  if (parsed.success) return parsed.data
  throw invalid(
    `'${text}' is not a device`,
    flag,
    'a device is written engine:device[:index], like ort:cpu; `assay devices` lists those here',
  )
}

/** A whole number from 1 on. */
export const count: Reader<number> = (text, flag) => {
  const value = wholeNumber(text)
  if (value !== null) return value
  throw invalid(`'${text}' is not a whole number above 0`, flag, `for example ${flag} 8`)
}

function wholeNumber(text: string): number | null {
  const value = Number(text)
  return /^\d+$/.test(text) && value >= 1 && Number.isSafeInteger(value) ? value : null
}

/** A batch size, or the word for those up to the memory's limit. */
export const countOrMax: Reader<number | 'max'> = (text, flag) => {
  if (text === 'max') return 'max'
  const value = wholeNumber(text)
  if (value !== null) return value
  throw invalid(`'${text}' is not a whole number above 0`, flag, `for example ${flag} 8, or max at the end of the list`)
}

/** A span of seconds, given back in ms. */
export const secondsAsMs: Reader<number> = (text, flag) => {
  const seconds = Number(text)
  if (text.trim() !== '' && Number.isFinite(seconds) && seconds > 0) return Math.max(1, Math.round(seconds * 1000))
  throw invalid(`'${text}' is not a number of seconds above 0`, flag, `for example ${flag} 20`)
}

/** A percentage, `5%` or `5`, given back as a share. */
export const percentAsShare: Reader<number> = (text, flag) => {
  const percent = Number(text.trim().replace(/\s*%$/, ''))
  if (/\d/.test(text) && Number.isFinite(percent) && percent >= 0) return percent / 100
  throw invalid(`'${text}' is not a percentage`, flag, `for example ${flag} 5%`)
}

/** `ttftMs=100`: a target of any benchmark. */
export const target: Reader<readonly [metric: string, limit: number]> = async (text, flag) => {
  const { BENCHMARKS } = await import('../benchmarks/index.ts')
  const metrics = [...new Set(Object.values(BENCHMARKS).flatMap(({ targets }) => Object.keys(targets)))]
  const [metric = '', limit = ''] = text.split('=', 2)
  if (!metrics.includes(metric)) {
    const { didYouMean } = await import('../plan/nearest.ts')
    throw invalid(`there is no target '${metric}'`, flag, didYouMean(metric, metrics))
  }
  const value = Number(limit)
  if (limit.trim() !== '' && Number.isFinite(value) && value > 0) return [metric, value]
  throw invalid(`target ${metric} needs a number above 0`, flag, `for example ${flag} ${metric}=100`)
}
