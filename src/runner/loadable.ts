import { buildArtifact } from '../build/artifact.ts'
import type { LanguageModel, Model } from '../build/model.ts'
import { lower, policyFor, type WeightBytes, weightBytes } from '../lower/index.ts'
import type { Plan } from '../plan/schema.ts'
import type { Precision } from '../words.ts'
import { costOf } from '../workloads/llm/index.ts'
import type { FoundDevice } from './discovery.ts'
import type { Loadable } from './session.ts'

/** Why a device cannot run a model at a precision, or null where it can. */
export function unsupported(
  model: Model,
  { description, forms, launch }: FoundDevice,
  precision: Precision,
): string | null {
  if (!description.precisions.includes(precision))
    return `${description.id} has no ${precision}; it has ${description.precisions.join(', ')}`
  if (forms.includes('onnx')) return null
  if (model.kind === 'onnx') return `the engine ${launch.engine} takes no ONNX files`
  if (model.directory === null)
    return `the engine ${launch.engine} takes model directories, and ${model.reference} has seeded weights; assay export makes one`
  return null
}

/** What the device's worker is told to load: a graph lowered for it, or the model's directory. Builds the graph if need be. */
export function loadableFor(
  model: Model,
  { description, forms, launch }: FoundDevice,
  precision: Precision,
  options: Plan['options'],
  home: string,
): Loadable {
  const shared = { device: description.id, precision, options: options[launch.engine] ?? {} }
  if (model.kind === 'onnx') return { ...shared, form: 'onnx', path: model.path, interface: null }
  if (!forms.includes('onnx')) return { ...shared, form: 'huggingface', path: model.directory ?? '', interface: null }
  const { dialect, properties } = description
  const artifact = buildArtifact(model, precision, dialect ?? 'portable', home, properties['provider'])
  return { ...shared, form: 'onnx', ...artifact }
}

/** Bits of a weight of a matrix, where an engine stores it itself. */
const WEIGHT_BITS: Readonly<Record<Precision, number>> = {
  fp32: 32,
  fp16: 16,
  bf16: 16,
  int8: 8,
  int4: 4,
  'int4-symmetric': 4,
}

/** Bytes of a model's weights as the device gets them: those of its graph, or, of a directory, its parameters at the precision. */
export function weightBytesOf(
  model: LanguageModel,
  { description: { dialect, properties }, forms }: FoundDevice,
  precision: Precision,
): WeightBytes {
  if (forms.includes('onnx'))
    return weightBytes(lower(model.graph, policyFor(precision, dialect ?? 'portable', properties['provider'])))
  const bytes = (parameters: number) => (parameters * WEIGHT_BITS[precision]) / 8
  const { productParameters, headParameters } = costOf(model.graph)
  return { stored: bytes(model.parameters), perPass: bytes(productParameters + headParameters) }
}
