/** Reference inputs and outputs in one portable file; docs/goldens.md describes it for other tools. */
import { z } from 'zod'
import type { CaseOutputs, Outputs } from '../checks/check.ts'
import { AssayError } from '../errors.ts'
import type { TensorData } from '../tensor.ts'
import { readSafetensors } from '../weights/safetensors.ts'
import { type SafetensorsEntry, writeSafetensors } from '../weights/safetensors-write.ts'
import { Precision } from '../words.ts'
import { type Producer, parseProducer, storedProducer } from './producer.ts'

export const GOLDEN_FORMAT = 'assay-golden-1'

export interface Golden {
  /** The model reference that it was made of: `zoo/llama`. */
  readonly model: string
  /** `fingerprintDirectory` of the model, or '' for unknown. */
  readonly fingerprint: string
  readonly producer: Producer
  readonly precision: Precision
  readonly outputs: Outputs
}

const Metadata = z.object({
  model: z.string(),
  fingerprint: z.string().regex(/^([0-9a-f]{64})?$/, 'a fingerprint is 64 hexadecimal digits, or empty'),
  producer: z.string(),
  precision: Precision,
})

function invalid(message: string, where: string, hint?: string): AssayError {
  return new AssayError('golden-invalid', message, hint === undefined ? { where } : { where, hint })
}

function readFile(path: string): ReturnType<typeof readSafetensors> {
  try {
    return readSafetensors(path)
  } catch (cause) {
    if (cause instanceof AssayError && cause.code === 'weights-invalid')
      throw invalid(`not a safetensors file: ${cause.message}`, cause.where ?? path, cause.hint)
    throw cause
  }
}

function parseMetadata(stored: Readonly<Record<string, string>>, path: string): z.infer<typeof Metadata> {
  const hint = `metadata 'format' must be '${GOLDEN_FORMAT}'`
  if (stored['format'] === undefined) throw invalid('not a golden: its metadata names no format', path, hint)
  if (stored['format'] !== GOLDEN_FORMAT) throw invalid(`a golden of format '${stored['format']}'`, path, hint)
  const metadata = Metadata.safeParse(stored)
  if (metadata.success) return metadata.data
  throw invalid(`the metadata is wrong: ${z.prettifyError(metadata.error)}`, path)
}

type Side = 'in' | 'out'

/** `case/ID/in/NAME` or `case/ID/out/NAME`. ONNX names may have slashes, so NAME is all the rest. */
function parseName(name: string, path: string): { id: string; side: Side; tensor: string } {
  const match = /^case\/([^/]+)\/(in|out)\/(.+)$/s.exec(name)
  const [, id, side, tensor] = match ?? []
  if (id === undefined || tensor === undefined || (side !== 'in' && side !== 'out'))
    throw invalid(`'${name}' is not named case/ID/in/NAME or case/ID/out/NAME`, path)
  return { id, side, tensor }
}

function groupCases(tensors: Readonly<Record<string, TensorData>>, path: string): Map<string, CaseOutputs> {
  const cases = new Map<string, Record<Side, [string, TensorData][]>>()
  for (const [name, data] of Object.entries(tensors)) {
    const { id, side, tensor } = parseName(name, path)
    const sides = cases.get(id) ?? { in: [], out: [] }
    sides[side].push([tensor, data])
    cases.set(id, sides)
  }
  if (cases.size === 0) throw invalid('the golden holds no case', path)
  const outputs = new Map<string, CaseOutputs>()
  for (const [id, sides] of cases) {
    if (sides.in.length === 0) throw invalid(`case '${id}' has no inputs`, path)
    if (sides.out.length === 0) throw invalid(`case '${id}' has no outputs`, path)
    outputs.set(id, { inputs: Object.fromEntries(sides.in), outputs: Object.fromEntries(sides.out) })
  }
  return outputs
}

/** Reads a golden into memory. Throws AssayError('golden-invalid') with the file and what is wrong in it. */
export function readGolden(path: string): Golden {
  const { tensors, metadata } = readFile(path)
  const { model, fingerprint, producer, precision } = parseMetadata(metadata, path)
  return { model, fingerprint, producer: parseProducer(producer), precision, outputs: groupCases(tensors, path) }
}

function* entriesOf(outputs: Outputs): Generator<SafetensorsEntry> {
  for (const [id, { inputs, outputs: results }] of outputs) {
    for (const [side, tensors] of [['in', inputs] as const, ['out', results] as const]) {
      for (const [tensor, { type, shape, bytes }] of Object.entries(tensors))
        yield { name: `case/${id}/${side}/${tensor}`, type, shape, chunks: () => [bytes] }
    }
  }
}

/**
 * Writes a golden; it appears whole or not at all. A golden that `readGolden` would refuse (a case id with a slash, a
 * case without inputs or outputs) is refused here, with the same AssayError('golden-invalid').
 */
export function writeGolden(path: string, golden: Golden): void {
  const { model, fingerprint, precision, outputs } = golden
  const metadata = { format: GOLDEN_FORMAT, model, fingerprint, producer: storedProducer(golden.producer), precision }
  parseMetadata(metadata, path)
  for (const [id, { inputs, outputs: results }] of outputs)
    if (id.includes('/') || Object.keys(inputs).length === 0 || Object.keys(results).length === 0)
      throw invalid(`case '${id}' needs an id without '/', inputs and outputs`, path)
  const entries = [...entriesOf(outputs)]
  for (const { name } of entries) parseName(name, path)
  if (entries.length === 0) throw invalid('the golden holds no case', path)
  writeSafetensors(path, entries, metadata)
}

/** Throws AssayError('golden-mismatch') where a golden was made of other weights; an unknown fingerprint is accepted. */
export function checkGoldenMatches(golden: Golden, fingerprint: string): void {
  if (golden.fingerprint === '' || fingerprint === '' || golden.fingerprint === fingerprint) return
  throw new AssayError(
    'golden-mismatch',
    `the golden was made of ${golden.model} with fingerprint ${golden.fingerprint}, but the model here has ${fingerprint}`,
    { hint: 'use the same config and weights, or capture the golden again' },
  )
}
