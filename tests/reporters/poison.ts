import { BENCHMARKS } from '../../src/benchmarks/index.ts'
import { checks } from '../../src/checks/index.ts'
import type { ResultDocument } from '../../src/events/result.ts'
import { ResultDocument as Schema } from '../../src/events/result.ts'

/** Markup of every kind, a character that reorders, one that XML cannot hold. */
export const EVIL = `</script><script>alert(1)</script><img src=x onerror=alert(2)>"'\`&amp;<!--\u202e]]>|\u0007`

/** Every free text of a document, made evil; what has a form of its own (ids of devices, times, words) stays. */
export function poison(document: ResultDocument): ResultDocument {
  const isFree = (text: string) => !/^(assay-run-1|data:image\/.*|[a-z]+:[a-z]+(:\d)?|\d{4}-\d\d-\d\dT.*Z)$/.test(text)
  const words = new Set([
    'pass',
    'fail',
    'error',
    'skip',
    'inconclusive',
    'fp32',
    'fp16',
    'bf16',
    'int8',
    'int4',
    'int4-symmetric',
  ])
  for (const word of [
    'llm',
    'onnx',
    'vision',
    'device',
    'reference',
    'assay',
    'cpu',
    'gpu',
    'npu',
    'other',
    'ort',
    'portable',
  ])
    words.add(word)
  for (const word of [
    'at-most',
    'at-least',
    'equal',
    'arithmetic',
    'bandwidth',
    'overhead',
    'prefill',
    'decode',
    'forward',
  ])
    words.add(word)
  for (const word of ['generated', 'predicted', 'truth']) words.add(word)
  // What a report shows of a benchmark or a check depends on its name.
  for (const word of [...Object.keys(BENCHMARKS), ...Object.keys(checks)]) words.add(word)
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return isFree(value) && !words.has(value) ? `${value}${EVIL}` : value
    if (Array.isArray(value)) return value.map(walk)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner)]))
  }
  return Schema.parse(walk(document))
}
