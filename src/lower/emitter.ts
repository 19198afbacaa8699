import type { StoredType } from '../onnx/elements.ts'
import type { Attribute, OnnxNode, OnnxValue } from '../onnx/model.ts'
import { type TensorData, tensorOf } from '../tensor.ts'
import type { Content, FloatType } from './content.ts'

/** A constant of a lowered graph: its content is a description until the file is written. */
export interface Constant {
  readonly name: string
  readonly type: StoredType
  readonly shape: readonly number[]
  readonly content: Content
}

export const MICROSOFT = 'com.microsoft'

/** Collects the operators, constants, inputs and outputs of a lowered graph. */
export class Emitter {
  readonly nodes: OnnxNode[] = []
  readonly constants = new Map<string, Constant>()
  readonly inputs: OnnxValue[] = []
  readonly outputs: OnnxValue[] = []
  readonly #used = new Map<string, number>()

  /** One operator with one output, whose name it gives. */
  node(
    path: string,
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = '',
  ): string {
    return this.nodeWith(path, operator, inputs, [this.#unique(`${path}/${operator}`)], attributes, domain)
  }

  /** One operator whose outputs have given names; gives the first. */
  nodeWith(
    path: string,
    operator: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = '',
  ): string {
    const [first] = outputs.filter(name => name !== '')
    if (first === undefined) throw new Error(`${path}: ${operator} without an output`)
    this.nodes.push({ name: `${first}/node`, operator, domain, inputs, outputs, attributes })
    return first
  }

  /** A fresh name for a value at a path. */
  name(path: string, what: string): string {
    return this.#unique(`${path}/${what}`)
  }

  /** A constant under a name of its own; asked for again under the same name, it is the same constant. */
  constant(name: string, type: StoredType, shape: readonly number[], content: Content): string {
    const known = this.constants.get(name)
    if (known && (known.type !== type || known.shape.join() !== shape.join()))
      throw new Error(`constant ${name} is ${known.type} [${known.shape}] and ${type} [${shape}]`)
    if (!known) this.constants.set(name, { name, type, shape, content })
    return name
  }

  values(name: string, tensor: TensorData): string {
    return this.constant(name, tensor.type, tensor.shape, { kind: 'values', tensor })
  }

  /** An int64 vector, as ONNX takes shapes, axes and indices. */
  integers(...values: number[]): string {
    return this.values(`ints/${values.join('_')}`, tensorOf([values.length], BigInt64Array.from(values, BigInt)))
  }

  /** A float32 vector. */
  floats(...values: number[]): string {
    return this.values(`floats/${values.join('_')}`, tensorOf([values.length], Float32Array.from(values)))
  }

  /** An int64 scalar. */
  integer(value: number): string {
    return this.values(`int/${value}`, tensorOf([], BigInt64Array.of(BigInt(value))))
  }

  /** A float scalar in the given type. */
  float(value: number, type: FloatType = 'f32'): string {
    return this.values(`${type}/${value}`, { type, shape: [], bytes: scalarBytes(value, type) })
  }

  #unique(name: string): string {
    const seen = this.#used.get(name) ?? 0
    this.#used.set(name, seen + 1)
    return seen === 0 ? name : `${name}_${seen}`
  }
}

function scalarBytes(value: number, type: FloatType): Uint8Array {
  switch (type) {
    case 'f32':
      return new Uint8Array(Float32Array.of(value).buffer)
    case 'f16':
      return new Uint8Array(Float16Array.of(value).buffer)
    case 'bf16': {
      // The upper half of the float32, to the nearest, ties to even.
      const [bits = 0] = new Uint32Array(Float32Array.of(value).buffer)
      return new Uint8Array(Uint16Array.of((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16).buffer)
    }
  }
}
