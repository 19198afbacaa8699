import { join } from 'node:path'
import { artifactOf } from '../build/artifact.ts'
import { checkpointOf } from '../build/checkpoint.ts'
import { type Footprint, footprintOfGraph, footprintOfWeights } from '../build/footprint.ts'
import type { Model, TracedModel } from '../build/model.ts'
import { AssayError } from '../errors.ts'
import { type LoweredGraph, lower, type Policy, policyFor, type Ranges, staticPolicy } from '../lower/index.ts'
import type { Plan } from '../plan/schema.ts'
import { rememberedChecksums } from '../weights/checksums.ts'
import type { Form, Precision } from '../words.ts'
import type { FoundDevice } from './discovery.ts'
import { workerOptions } from './engine-options.ts'
import { parcelOf } from './parcel.ts'
import type { Loadable } from './session.ts'

/** The precisions of vision models; 8 bits in graphs alone, which are quantised here. */
const OF_IMAGES: readonly Precision[] = ['fp32', 'fp16', 'bf16', 'int8']

/** Ranges that nobody has seen: what a graph weighs does not depend on them. */
const UNSEEN: Ranges = { get: () => ({ least: -1, most: 1 }) }

/** How a model is lowered for a device. */
function policyOn(
  { graph }: TracedModel,
  { dialect, properties }: FoundDevice['description'],
  precision: Precision,
  ranges: Ranges,
): Policy {
  const [operators, provider] = [dialect ?? 'portable', properties['provider']]
  return graph.kind === 'vision' && precision === 'int8'
    ? staticPolicy({ kind: 'static', ranges }, operators, provider)
    : policyFor(precision, operators, provider)
}

/** Why a device cannot run a model at a precision, or null where it can. */
export function unsupported(
  model: Model,
  { description, forms, launch }: FoundDevice,
  precision: Precision,
): string | null {
  if (!description.precisions.includes(precision))
    return `${description.id} has no ${precision}; it has ${description.precisions.join(', ')}`
  if (model.kind === 'vision' && !OF_IMAGES.includes(precision))
    return `vision models are run in ${OF_IMAGES.join(', ')}, not in ${precision}`
  if (model.kind === 'vision' && precision === 'int8' && !forms.includes('onnx'))
    return `the engine ${launch.engine} takes models as they are, and none is in 8 bits`
  if (forms.includes('onnx')) return null
  return model.kind === 'onnx' ? `the engine ${launch.engine} takes no ONNX files` : null
}

/**
 * What the device's worker is told to load: a graph lowered for it, or the model's directory. Builds either if need be.
 * @param ranges - of a vision model's activations, for 8 bits
 * @throws AssayError for 8 bits without them
 */
export function loadableFor(
  model: Model,
  { description, ownId, forms, launch }: FoundDevice,
  precision: Precision,
  options: Plan['options'],
  home: string,
  ranges?: Ranges,
): Loadable {
  const loadable = (form: Form, path: string, graph: Loadable['interface']): Loadable => ({
    device: ownId,
    precision,
    options: workerOptions(options, launch.engine),
    form,
    path,
    interface: graph,
    parcel: () => parcelOf(form, path, rememberedChecksums(join(home, 'checksums'))),
  })
  if (model.kind === 'onnx') return loadable('onnx', model.path, null)
  if (!forms.includes('onnx')) return loadable('huggingface', checkpointOf(model, home), null)
  if (model.kind === 'vision' && precision === 'int8' && ranges === undefined)
    throw new AssayError(
      'argument-invalid',
      'a vision model in int8 is calibrated on images by a run, and only there',
      {
        where: model.reference,
        hint: 'fp32, fp16 and bf16 need no images',
      },
    )
  const artifact = artifactOf(model, policyOn(model, description, precision, ranges ?? UNSEEN), home)
  return loadable('onnx', artifact.path, artifact.interface)
}

/** The graph that `loadableFor` would build, or null where the engine takes the directory as it is. */
export function loweredFor(
  model: TracedModel,
  { description, forms }: FoundDevice,
  precision: Precision,
): LoweredGraph | null {
  return forms.includes('onnx') ? lower(model.graph, policyOn(model, description, precision, UNSEEN)) : null
}

/** What a model takes on a device, as the device gets it. */
export function footprintOf(model: TracedModel, found: FoundDevice, precision: Precision): Footprint {
  const lowered = loweredFor(model, found, precision)
  return lowered === null ? footprintOfWeights(model.graph, precision) : footprintOfGraph(lowered)
}
