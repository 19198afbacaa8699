/** From a model reference (a name or a path that a person writes) to a model: config, weights, tokenizer, goldens. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { AssayError } from '../errors.ts'
import type { Graph, LanguageGraph, VisionGraph } from '../graph/index.ts'
import { catalogue } from '../models/catalogue.ts'
import { scaledConfig } from '../models/scale.ts'
import { elementCount } from '../tensor.ts'
import { checksum, rememberedChecksums } from '../weights/checksums.ts'
import { openWeights } from '../weights/directory.ts'
import { type Contents, checksumsOf, fingerprintOf } from '../weights/fingerprint.ts'
import { asWanted } from '../weights/published.ts'
import { seededWeights } from '../weights/seeded.ts'
import type { WeightSource } from '../weights/source.ts'
import { traceConfig } from './config.ts'
import { seededDeclarations } from './seeded-declarations.ts'

/** A model that Assay can lower. */
export interface TracedModel<G extends Graph = Graph> {
  /** As it was asked for: `zoo/llama`, `arch/llama-3-8b@1/8`, a path. */
  readonly reference: string
  /** The Hugging Face directory, or null for seeded weights. */
  readonly directory: string | null
  readonly config: Readonly<Record<string, unknown>>
  readonly graph: G
  /** Known once somebody asks, since a checkpoint is read for it from end to end. */
  readonly fingerprint: string
  /** What the fingerprint is of; known once somebody asks, as it is. */
  readonly contents: Contents
  readonly parameters: number
  /** Golden files that came with the model. */
  readonly goldens: readonly string[]
  /** Opens the weights; every weight is checked against the architecture's shapes first. */
  openWeights(): WeightSource
}

export interface LanguageModel extends TracedModel<LanguageGraph> {
  readonly kind: 'llm'
}

export interface VisionModel extends TracedModel<VisionGraph> {
  readonly kind: 'vision'
}

/** An ONNX file that somebody else made. */
export interface OnnxFileModel {
  readonly kind: 'onnx'
  readonly reference: string
  readonly path: string
  readonly fingerprint: string
}

export type Model = LanguageModel | VisionModel | OnnxFileModel

/** Where the shipped models lie: `zoo/` at the root of the package. */
const ZOO = resolve(import.meta.dirname, '..', '..', 'zoo')

/** The names of the shipped models. */
export function zooNames(): string[] {
  if (!existsSync(ZOO)) return []
  return readdirSync(ZOO).filter(name => existsSync(join(ZOO, name, 'config.json')))
}

/**
 * Opens what a reference names. Throws AssayError for what is not there or malformed; reads no weight yet.
 * With a `home`, checksums of large files are kept there, so that a checkpoint is read for its fingerprint once and not at every start.
 */
export function openModel(reference: string, base = process.cwd(), home: string | null = null): Model {
  if (reference.startsWith('zoo/')) return openZoo(reference)
  if (reference.startsWith('arch/')) return openArchitecture(reference)
  if (reference.startsWith('hf:'))
    throw new AssayError('model-not-found', 'downloads (hf:) are not built yet', {
      where: reference,
      hint: 'give the path of a directory with config.json and *.safetensors',
    })
  const path = resolve(base, reference)
  if (!existsSync(path))
    throw new AssayError('model-not-found', 'no such model', {
      where: reference,
      hint: 'a model is zoo/NAME, arch/NAME[@SCALE], a Hugging Face directory or an .onnx file; `assay models` lists the named ones',
    })
  if (statSync(path).isDirectory()) return openDirectory(reference, path, home)
  if (path.endsWith('.onnx'))
    return { kind: 'onnx', reference, path, fingerprint: createHash('sha256').update(readFileSync(path)).digest('hex') }
  throw new AssayError('model-invalid', 'neither a directory nor an .onnx file', { where: reference })
}

function openZoo(reference: string): Model {
  const name = reference.slice('zoo/'.length)
  if (!zooNames().includes(name))
    throw new AssayError('model-not-found', `the zoo has no '${name}'`, {
      where: reference,
      hint: `the zoo has: ${zooNames().join(', ')}`,
    })
  return openDirectory(reference, join(ZOO, name), null)
}

function isCatalogued(name: string): name is keyof typeof catalogue {
  return Object.hasOwn(catalogue, name)
}

function openArchitecture(reference: string): Model {
  const [, name = '', scale] = /^arch\/([^@]*)(?:@(.*))?$/s.exec(reference) ?? []
  if (!isCatalogued(name))
    throw new AssayError('model-not-found', `no architecture '${name}' is listed`, {
      where: reference,
      hint: `listed: ${Object.keys(catalogue).join(', ')}`,
    })
  const published = catalogue[name].config
  const config = scale === undefined ? published : scaledConfig(published, scale, reference)
  const graph = traceConfig(config, reference)
  const seed = 0
  const declared = seededDeclarations(graph)
  // Of the rule by which a seed becomes weights too: other weights are another model.
  const fingerprint = createHash('sha256')
    .update(`seed ${seed}\n${JSON.stringify([config, [...declared]])}`)
    .digest('hex')
  const open = () => seededWeights(declared, seed)
  return ofKind(graph, {
    reference,
    directory: null,
    config,
    fingerprint,
    contents: { config, checksums: {} },
    parameters: parametersOf(graph),
    goldens: [],
    openWeights: open,
  })
}

/** Adds the graph to the rest of a model, whose getters stay getters. */
function ofKind(graph: Graph, rest: Omit<TracedModel, 'graph'>): LanguageModel | VisionModel {
  return graph.kind === 'language'
    ? Object.assign(rest, { kind: 'llm' as const, graph })
    : Object.assign(rest, { kind: 'vision' as const, graph })
}

function openDirectory(reference: string, directory: string, home: string | null): Model {
  const where = join(reference, 'config.json')
  const graphConfig = readConfig(join(directory, 'config.json'), where)
  const graph = traceConfig(graphConfig, where)
  const goldens = join(directory, 'goldens')
  const open = () => checkedWeights(graph, directory, reference)
  open().close()
  const checksumOf = home === null ? checksum : rememberedChecksums(join(home, 'checksums'))
  let checksums: ReadonlyMap<string, string> | null = null
  const read = () => {
    checksums ??= checksumsOf(directory, checksumOf)
    return checksums
  }
  return ofKind(graph, {
    reference,
    directory,
    config: graphConfig,
    get fingerprint() {
      return fingerprintOf(read())
    },
    get contents() {
      return { config: graphConfig, checksums: Object.fromEntries(read()) }
    },
    parameters: parametersOf(graph),
    goldens: existsSync(goldens)
      ? readdirSync(goldens)
          .filter(name => name.endsWith('.safetensors'))
          .sort()
          .map(name => join(goldens, name))
      : [],
    openWeights: open,
  })
}

function readConfig(path: string, where: string): Readonly<Record<string, unknown>> {
  if (!existsSync(path)) throw new AssayError('model-invalid', 'a model directory needs a config.json', { where })
  let parsed: unknown
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new AssayError('config-invalid', `not JSON: ${error instanceof Error ? error.message : error}`, { where })
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new AssayError('config-invalid', 'not a JSON object', { where })
  return { ...parsed }
}

function checkedWeights(graph: Graph, directory: string, reference: string): WeightSource {
  const source = asWanted(openWeights(directory), graph.weights, graph.layouts)
  const complaint = firstMismatch(graph, source)
  if (complaint === null) return source
  source.close()
  throw new AssayError('weight-mismatch', complaint, { where: basename(reference) })
}

function firstMismatch(graph: Graph, source: WeightSource): string | null {
  for (const [name, { shape, isTransposed }] of graph.weights) {
    const info = source.weights.get(name)
    const published = (shape: readonly number[]) => `[${isTransposed ? shape.toReversed() : shape}]`
    if (!info) return `the checkpoint has no ${name}; the architecture needs it as ${published(shape)}`
    if (info.shape.join() !== shape.join())
      return `${name} is ${published(info.shape)} in the checkpoint, the config asks for ${published(shape)}`
    if (!['f32', 'f16', 'bf16'].includes(info.type)) return `${name} is ${info.type}; F32, F16 and BF16 are supported`
  }
  return null
}

/** What training moves: the statistics of batch norms are none. */
function parametersOf(graph: Graph): number {
  return Array.from(graph.weights.values())
    .filter(({ role }) => role !== 'mean' && role !== 'variance')
    .reduce((sum, { shape }) => sum + elementCount(shape), 0)
}
