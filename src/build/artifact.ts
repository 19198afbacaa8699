/** A model lowered for a device, as files in the cache. */
import { createHash } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AssayError } from '../errors.ts'
import { type LoweredGraph, lower, type Policy, policyFor } from '../lower/index.ts'
import { writeOnnx } from '../onnx/write.ts'
import type { GraphInterface } from '../protocol/messages.ts'
import { version } from '../version.ts'
import type { WeightSource } from '../weights/source.ts'
import type { Dialect, Precision } from '../words.ts'
import { buildOnce } from './build-once.ts'
import { ContentReader } from './content.ts'
import { checkRoom } from './disk.ts'
import { contentKeyOf, footprintOfGraph } from './footprint.ts'
import type { TracedModel } from './model.ts'

/** A graph that an engine can load. */
export interface Artifact {
  readonly path: string
  /** Null for a model that is run as it stands. */
  readonly interface: GraphInterface | null
}

const PRODUCER = { name: 'assay', version }

/** Writes a lowered graph as `path` and, for its large constants, `path.data`. */
export function writeLowered(lowered: LoweredGraph, weights: WeightSource, name: string, path: string): void {
  const reader = new ContentReader(weights)
  writeOnnx(
    {
      name,
      irVersion: 10, // ONNX 1.16, as opset 21
      opsets: lowered.opsets,
      producer: PRODUCER,
      nodes: lowered.nodes,
      inputs: lowered.inputs,
      outputs: lowered.outputs,
      initializers: lowered.constants.map(constant => ({
        name: constant.name,
        type: constant.type,
        shape: constant.shape,
        chunks: () => reader.chunks(constant.content),
        contentKey: contentKeyOf(constant),
      })),
      metadata: lowered.interface === null ? {} : { 'assay.interface': JSON.stringify(lowered.interface) },
    },
    path,
  )
}

/** Lowers a model and writes it as a standalone ONNX file. Throws AssayError, for a full disk before it writes. */
export function exportOnnx(model: TracedModel, precision: Precision, dialect: Dialect, path: string): void {
  if (model.graph.kind === 'vision' && precision.startsWith('int'))
    throw new AssayError(
      'argument-invalid',
      `a vision model in ${precision} is calibrated on images by a run, and not exported`,
      {
        where: model.reference,
        hint: 'export fp32, fp16 or bf16',
      },
    )
  const lowered = lower(model.graph, policyFor(precision, dialect))
  checkRoom(path, footprintOfGraph(lowered).weightBytes)
  const weights = model.openWeights()
  try {
    writeLowered(lowered, weights, model.reference, path)
  } finally {
    weights.close()
  }
}

/** Where the cache has, or will have, a model's lowered graph: the folder's name is a hash of all that goes in. */
function cacheFolder(model: TracedModel, lowered: LoweredGraph, home: string): string {
  return join(home, 'artifacts', artifactKey(model.fingerprint, lowered))
}

/** Whether a folder holds a whole artifact: this file is the last that is written. */
function isWhole(folder: string): boolean {
  return existsSync(join(folder, 'interface.json'))
}

/** Bytes that building a model's lowered graph would write: none where the cache has it. */
export function bytesToBuild(model: TracedModel, lowered: LoweredGraph, home: string): number {
  return isWhole(cacheFolder(model, lowered, home)) ? 0 : footprintOfGraph(lowered).weightBytes
}

/** The cached artifact of a model in a precision; built first where it is not there. */
export function buildArtifact(
  model: TracedModel,
  precision: Precision,
  dialect: Dialect,
  home: string,
  provider?: string,
): Artifact {
  return artifactOf(model, policyFor(precision, dialect, provider), home)
}

/** The cached artifact of a model under a policy; built first where it is not there. */
export function artifactOf(model: TracedModel, policy: Policy, home: string): Artifact {
  const lowered = lower(model.graph, policy)
  const folder = cacheFolder(model, lowered, home)
  const artifact = { path: join(folder, 'model.onnx'), interface: lowered.interface }
  if (isWhole(folder)) return artifact
  checkRoom(folder, footprintOfGraph(lowered).weightBytes)
  buildOnce(folder, isWhole, building => {
    const weights = model.openWeights()
    try {
      writeLowered(lowered, weights, model.reference, join(building, 'model.onnx'))
    } finally {
      weights.close()
    }
    writeFileSync(join(building, 'interface.json'), JSON.stringify(lowered.interface))
  })
  return artifact
}

function artifactKey(fingerprint: string, lowered: LoweredGraph): string {
  // The version stands for the code that turns weights into bytes.
  const hash = createHash('sha256').update(`${version}\n${fingerprint}`)
  hash.update(JSON.stringify([lowered.nodes, lowered.inputs, lowered.outputs, lowered.opsets, lowered.interface]))
  for (const { content, ...constant } of lowered.constants) {
    hash.update(JSON.stringify(constant))
    if (content.kind === 'values') hash.update(content.tensor.bytes)
    else hash.update(JSON.stringify(content))
  }
  return hash.digest('hex').slice(0, 32)
}
