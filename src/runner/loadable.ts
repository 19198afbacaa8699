import { join } from 'node:path'
import { buildArtifact } from '../build/artifact.ts'
import { checkpointOf } from '../build/checkpoint.ts'
import { type Footprint, footprintOfGraph, footprintOfWeights } from '../build/footprint.ts'
import type { Model, TracedModel } from '../build/model.ts'
import { type LoweredGraph, lower, policyFor } from '../lower/index.ts'
import type { Plan } from '../plan/schema.ts'
import { rememberedChecksums } from '../weights/checksums.ts'
import type { Form, Precision } from '../words.ts'
import type { FoundDevice } from './discovery.ts'
import { workerOptions } from './engine-options.ts'
import { parcelOf } from './parcel.ts'
import type { Loadable } from './session.ts'

/** The precisions of vision models: 8 bits want ranges of activations, which no run measures yet. */
const FLOATS: readonly Precision[] = ['fp32', 'fp16', 'bf16']

/** Why a device cannot run a model at a precision, or null where it can. */
export function unsupported(
  model: Model,
  { description, forms, launch }: FoundDevice,
  precision: Precision,
): string | null {
  if (!description.precisions.includes(precision))
    return `${description.id} has no ${precision}; it has ${description.precisions.join(', ')}`
  if (model.kind === 'vision' && !FLOATS.includes(precision))
    return `vision models are not run in ${precision} yet; ${FLOATS.join(', ')} are what there is`
  if (forms.includes('onnx')) return null
  return model.kind === 'onnx' ? `the engine ${launch.engine} takes no ONNX files` : null
}

/** What the device's worker is told to load: a graph lowered for it, or the model's directory. Builds either if need be. */
export function loadableFor(
  model: Model,
  { description, ownId, forms, launch }: FoundDevice,
  precision: Precision,
  options: Plan['options'],
  home: string,
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
  const { dialect, properties } = description
  const artifact = buildArtifact(model, precision, dialect ?? 'portable', home, properties['provider'])
  return loadable('onnx', artifact.path, artifact.interface)
}

/** The graph that `loadableFor` would build, or null where the engine takes the directory as it is. */
export function loweredFor(
  model: TracedModel,
  { description: { dialect, properties }, forms }: FoundDevice,
  precision: Precision,
): LoweredGraph | null {
  return forms.includes('onnx')
    ? lower(model.graph, policyFor(precision, dialect ?? 'portable', properties['provider']))
    : null
}

/** What a model takes on a device, as the device gets it. */
export function footprintOf(model: TracedModel, found: FoundDevice, precision: Precision): Footprint {
  const lowered = loweredFor(model, found, precision)
  return lowered === null ? footprintOfWeights(model.graph, precision) : footprintOfGraph(lowered)
}
