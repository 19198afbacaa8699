import type { z } from 'zod'
import type { Architecture } from './architecture.ts'
import type { VisionGraph, VisionTask } from './graph.ts'
import { type Layout, Scope, type WeightDeclaration } from './scope.ts'
import { Recorder, type Tensor } from './tensor.ts'
import type { ImageSize } from './window.ts'

/** Red, green, blue. */
const CHANNELS = 3

/** A family of vision models: what finds it in a config.json, the config's schema, and its forward pass. */
export interface VisionDefinition<C> {
  /** `model_type`s of Hugging Face and `architecture`s of timm. */
  readonly types: readonly string[]
  readonly task: VisionTask
  readonly config: z.ZodType<C>
  /** Other ways in which its weights are published; a function where names depend on the config. */
  readonly layouts?: readonly Layout[] | ((config: C) => readonly Layout[])
  /** How many images a call takes, where it cannot be any number. */
  readonly batch?: number
  image(config: C): ImageSize
  classes(config: C): number
  /** From pixels [batch, 3, height, width] to the outputs by name. */
  build(scope: Scope, config: C, pixels: Tensor): Readonly<Record<string, Tensor>>
}

export function defineVision<C>(definition: VisionDefinition<C>): VisionDefinition<C> & Architecture<VisionGraph> {
  return {
    ...definition,
    read(config) {
      const parsed = definition.config.safeParse(config)
      return parsed.success ? { trace: () => traceVision(definition, parsed.data) } : { issues: parsed.error.issues }
    },
  }
}

/** Runs a vision architecture's forward pass once on symbolic tensors. A shape that does not fit throws, with the path. */
export function traceVision<C>(architecture: VisionDefinition<C>, config: C): VisionGraph {
  const recorder = new Recorder()
  const weights = new Map<string, WeightDeclaration>()
  const names = new Map<string, Tensor>()
  const image = architecture.image(config)
  const shape = [architecture.batch ?? 'batch', CHANNELS, image.height, image.width]
  const pixels = recorder.value('', { kind: 'input', name: 'pixel_values' }, [], shape)
  const { layouts = [] } = architecture
  const outputs = architecture.build(new Scope('', { recorder, weights, names }), config, pixels)
  return {
    kind: 'vision',
    task: architecture.task,
    nodes: recorder.nodes,
    inputs: [pixels],
    outputs: new Map(Object.entries(outputs)),
    weights,
    layouts: typeof layouts === 'function' ? layouts(config) : layouts,
    names,
    pixels,
    image,
    classes: architecture.classes(config),
  }
}
