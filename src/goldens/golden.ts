/** Reference inputs and outputs in one portable file; docs/goldens.md describes it for other tools. */
import { z } from 'zod'
import type { CaseOutputs, Outputs } from '../checks/check.ts'
import { AssayError } from '../errors.ts'
import type { TensorData } from '../tensor.ts'
import type { Contents } from '../weights/fingerprint.ts'
import { readSafetensors } from '../weights/safetensors.ts'
import { type SafetensorsEntry, writeSafetensors } from '../weights/safetensors-write.ts'
import { Precision } from '../words.ts'
import { StoredContents, sayDifference } from './difference.ts'
import { type Producer, parseProducer, storedProducer } from './producer.ts'

export const GOLDEN_FORMAT = 'assay-golden-1'

export interface Golden {
  /** The model reference that it was made of: `zoo/llama`. */
  readonly model: string
  /** `fingerprintOf` the model, or '' for unknown. */
  readonly fingerprint: string
  readonly producer: Producer
  readonly precision: Precision
  /** What the model is made of, to say how another one differs; absent where it is not known. */
  readonly contents?: Contents
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

/** Undefined where the metadata says neither. */
function parseContents(stored: Readonly<Record<string, string>>, path: string): Contents | undefined {
  const { config, checksums } = stored
  if (config === undefined && checksums === undefined) return undefined
  const contents = StoredContents.safeParse({ config: parseJson(config), checksums: parseJson(checksums) })
  if (contents.success) return contents.data
  throw invalid(
    `the metadata is wrong: ${z.prettifyError(contents.error)}`,
    path,
    "'config' and 'checksums' are JSON texts; a golden has both or neither",
  )
}

function parseJson(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined // no JSON: the schema says what is missing
  }
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
  const contents = parseContents(metadata, path)
  return {
    model,
    fingerprint,
    producer: parseProducer(producer),
    precision,
    ...(contents !== undefined && { contents }),
    outputs: groupCases(tensors, path),
  }
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
  const { model, fingerprint, precision, contents, outputs } = golden
  const metadata = {
    format: GOLDEN_FORMAT,
    model,
    fingerprint,
    producer: storedProducer(golden.producer),
    precision,
    ...(contents && { config: JSON.stringify(contents.config), checksums: JSON.stringify(contents.checksums) }),
  }
  parseMetadata(metadata, path)
  for (const [id, { inputs, outputs: results }] of outputs)
    if (id.includes('/') || Object.keys(inputs).length === 0 || Object.keys(results).length === 0)
      throw invalid(`case '${id}' needs an id without '/', inputs and outputs`, path)
  const entries = [...entriesOf(outputs)]
  for (const { name } of entries) parseName(name, path)
  if (entries.length === 0) throw invalid('the golden holds no case', path)
  writeSafetensors(path, entries, metadata)
}

/** A model as a golden is held against it. */
export interface Fingerprinted {
  readonly fingerprint: string
  /** Asked for only where the fingerprints differ; absent where it is not known. */
  readonly contents?: Contents
}

/**
 * Throws AssayError('golden-mismatch') where a golden was made of another config or of other weights, and says which where both
 * sides tell; an unknown fingerprint is accepted.
 */
export function checkGoldenMatches(golden: Golden, here: Fingerprinted): void {
  const { fingerprint } = here
  if (golden.fingerprint === '' || fingerprint === '' || golden.fingerprint === fingerprint) return
  const says =
    golden.contents && here.contents
      ? sayDifference(golden.contents, here.contents)
      : `the golden was made of ${golden.model} with fingerprint ${golden.fingerprint}, but the model here has ${fingerprint}`
  throw new AssayError('golden-mismatch', says, {
    hint: 'use the same config and weights, or capture the golden again',
  })
}
