/** Node attributes to AttributeProto and back. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { elementTypeOf } from './elements.ts'
import type { Attribute } from './model.ts'
import { type AttributeProto, AttributeProtoSchema, AttributeProto_AttributeType as AttributeType } from './onnx_pb.ts'
import { isExternal, tensorFromProto, tensorToProto } from './tensor-proto.ts'

function int64(value: number, name: string): bigint {
  if (!Number.isSafeInteger(value)) throw new RangeError(`attribute '${name}': ${value} is not an exact integer`)
  return BigInt(value)
}

export function attributeToProto(name: string, attribute: Attribute): AttributeProto {
  const utf8 = (text: string) => new TextEncoder().encode(text)
  if ('opaque' in attribute) return fromBinary(AttributeProtoSchema, attribute.opaque)
  if ('int' in attribute)
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: int64(attribute.int, name) })
  if ('float' in attribute) return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: attribute.float })
  if ('string' in attribute)
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: utf8(attribute.string) })
  if ('ints' in attribute)
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.INTS,
      ints: attribute.ints.map(value => int64(value, name)),
    })
  if ('floats' in attribute)
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOATS, floats: [...attribute.floats] })
  if ('strings' in attribute)
    return create(AttributeProtoSchema, { name, type: AttributeType.STRINGS, strings: attribute.strings.map(utf8) })
  return create(AttributeProtoSchema, { name, type: AttributeType.TENSOR, t: tensorToProto('', attribute.tensor) })
}

/** Text, or null for bytes that are not UTF-8 and so cannot be held as a string without loss. */
function text(bytes: Uint8Array): string | null {
  const decoded = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  return Buffer.from(decoded).equals(bytes) ? decoded : null
}

const isExact = (value: bigint) => Number.isSafeInteger(Number(value))

function readable(proto: AttributeProto, where: string): Attribute | null {
  switch (proto.type) {
    case AttributeType.INT:
      return isExact(proto.i) ? { int: Number(proto.i) } : null
    case AttributeType.INTS:
      return proto.ints.every(isExact) ? { ints: proto.ints.map(Number) } : null
    case AttributeType.FLOAT:
      return { float: proto.f }
    case AttributeType.FLOATS:
      return { floats: proto.floats }
    case AttributeType.STRING: {
      const string = text(proto.s)
      return string === null ? null : { string }
    }
    case AttributeType.STRINGS: {
      const strings = proto.strings.map(text).filter(string => string !== null)
      return strings.length === proto.strings.length ? { strings } : null
    }
    case AttributeType.TENSOR: {
      const isHeld = proto.t !== undefined && elementTypeOf(proto.t.dataType) !== undefined && !isExternal(proto.t)
      return proto.t && isHeld ? { tensor: tensorFromProto(proto.t, where) } : null
    }
    default:
      return null
  }
}

/** An attribute as a value; opaque where a value could not hold it exactly. */
export function attributeFromProto(proto: AttributeProto, where: string): Attribute {
  return readable(proto, where) ?? { opaque: toBinary(AttributeProtoSchema, proto) }
}
