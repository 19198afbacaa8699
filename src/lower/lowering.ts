import type { Graph, LanguageGraph, Node, Tensor } from '../graph/index.ts'
import type { FloatType } from './content.ts'
import type { Emitter } from './emitter.ts'
import type { Policy } from './policy.ts'

/** onnx.TensorProto.DataType */
export const ONNX_FLOAT = { f32: 1, f16: 10, bf16: 16 } as const

/** How a dialect writes each operation of the graph language. A rule binds each output of its node to an emitted value. */
export type Rules = {
  readonly [Kind in Node['operation']['kind']]: (lowering: Lowering, node: NodeOf<Kind>) => void
}

type Finish = (lowering: Lowering, tensor: Tensor, value: string) => string

type OperationOf<Kind> = Extract<Node['operation'], { kind: Kind }>
export type NodeOf<Kind> = Node & { readonly operation: OperationOf<Kind> }

export function isKind<Kind extends Node['operation']['kind']>(node: Node, kind: Kind): node is NodeOf<Kind> {
  return node.operation.kind === kind
}

/**
 * Lowers by demand: a value is emitted when somebody asks for it, so a rule that swallows its neighbours (a fused attention)
 * simply never asks for them.
 */
export class Lowering {
  readonly graph: Graph
  readonly policy: Policy
  readonly emit: Emitter
  readonly #rules: Rules
  readonly #finish: Finish
  readonly #values = new Map<Tensor, string>()
  readonly #finished = new Map<Tensor, string>()
  readonly #consumers = new Map<Tensor, Node[]>()
  readonly #shared = new Map<string, unknown>()

  /** @param finish - what is done to every value once it is emitted, before anyone reads it */
  constructor(graph: Graph, policy: Policy, rules: Rules, emit: Emitter, finish: Finish = (_, __, value) => value) {
    this.graph = graph
    this.policy = policy
    this.emit = emit
    this.#rules = rules
    this.#finish = finish
    for (const node of graph.nodes)
      for (const input of node.inputs) this.#consumers.set(input, [...(this.#consumers.get(input) ?? []), node])
  }

  /** The graph, for what only language models have: caches, positions, masks. */
  get language(): LanguageGraph {
    if (this.graph.kind !== 'language') throw new Error('this operation belongs to a language model')
    return this.graph
  }

  /** The emitted name of a tensor. */
  value(tensor: Tensor): string {
    const known = this.#finished.get(tensor)
    if (known !== undefined) return known
    if (!this.#values.has(tensor)) this.#lower(tensor.node)
    const made = this.#values.get(tensor)
    if (made === undefined) throw new Error(`${tensor.node.path}: ${tensor.node.operation.kind} was lowered to nothing`)
    const finished = this.#finish(this, tensor, made)
    this.#finished.set(tensor, finished)
    return finished
  }

  bind(tensor: Tensor, name: string): void {
    this.#finished.delete(tensor)
    this.#values.set(tensor, name)
  }

  isBound(tensor: Tensor): boolean {
    return this.#values.has(tensor)
  }

  /** What many nodes share (a mask, rotary tables), made by the first that asks. One key is always made by one `make`. */
  once<T>(key: string, make: () => T): T {
    if (!this.#shared.has(key)) this.#shared.set(key, make())
    return this.#shared.get(key) as T
  }

  /** What a floating-point value is computed in. */
  floatOf(tensor: Tensor): FloatType {
    return tensor.type === 'exact' ? 'f32' : this.policy.float
  }

  /** A value in another float type; itself where it has that type. */
  cast(path: string, value: string, from: FloatType, to: FloatType): string {
    return from === to ? value : this.emit.node(path, 'Cast', [value], { to: { int: ONNX_FLOAT[to] } })
  }

  /** Who reads a tensor. */
  consumers(tensor: Tensor): readonly Node[] {
    return this.#consumers.get(tensor) ?? []
  }

  #lower(node: Node): void {
    const rule: (lowering: Lowering, node: never) => void = this.#rules[node.operation.kind]
    // The table's type pairs each kind with its own node; TypeScript cannot follow that through a lookup by kind.
    rule(this, node as never)
  }
}

/** The inputs of a node, by position; the graph language fixes how many there are. */
export function inputAt(node: Node, index: number): Tensor {
  const input = node.inputs[index]
  if (!input) throw new Error(`${node.path}: ${node.operation.kind} has no input ${index}`)
  return input
}

export function outputOf(node: Node, index = 0): Tensor {
  const output = node.outputs[index]
  if (!output) throw new Error(`${node.path}: ${node.operation.kind} has no output ${index}`)
  return output
}

/** The name of a graph's input, whose value stays as it is fed: [batch, tokens]. */
export function inputName(tensor: Tensor): string {
  const { node } = tensor
  if (!isKind(node, 'input')) throw new Error(`${node.path} is no input`)
  return node.operation.name
}
