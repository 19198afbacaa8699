/**
 * Just enough of WebAssembly's binary format to assemble one function with a memory of its own, for arithmetic that JavaScript lacks:
 * whole 64-bit products. https://webassembly.github.io/spec/core/binary/
 */
type Code = readonly number[]

/** What is used of Node's WebAssembly; TypeScript has its types among those of browsers alone. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> }
  readonly Memory: new (limits: { readonly initial: number }) => { readonly buffer: ArrayBuffer }
}

/** Instructions by their names in the specification; those with an operand are functions. */
export const op = {
  localGet: (local: number): Code => [0x20, local],
  localSet: (local: number): Code => [0x21, local],
  localTee: (local: number): Code => [0x22, local],
  i32Const: (value: number): Code => [0x41, ...signed(BigInt(value | 0))],
  i64Const: (value: bigint): Code => [0x42, ...signed(BigInt.asIntN(64, value))],
  /** Stores at the address below the value, which is a multiple of four. */
  i32Store: (offset: number): Code => [0x36, 2, ...unsigned(offset)],
  /** The body, again for as long as it leaves something other than zero. */
  loop: (body: Code): Code => [0x03, 0x40, ...body, 0x0d, 0, 0x0b],
  i32LessUnsigned: [0x49],
  i32Add: [0x6a],
  i32Xor: [0x73],
  i32Wrap: [0xa7],
  i64Add: [0x7c],
  i64Multiply: [0x7e],
  i64ShiftRightUnsigned: [0x88],
  i64ExtendUnsigned: [0xad],
} as const

export const I32 = 0x7f
export const I64 = 0x7e

/** A number that says where it ends, seven bits a byte: LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

function signed(value: bigint): number[] {
  const [low, rest] = [Number(value & 0x7fn), value >> 7n]
  const isLast = rest === (low & 0x40 ? -1n : 0n)
  return isLast ? [low] : [low | 0x80, ...signed(rest)]
}

function section(id: number, content: Code): number[] {
  return [id, ...unsigned(content.length), ...content]
}

function vector(items: readonly Code[]): number[] {
  return [...unsigned(items.length), ...items.flat()]
}

/** Assembles `body` as a function without a result, over one page of memory. */
export function assemble(
  parameters: Code,
  locals: Code,
  body: Code,
): { readonly call: (...values: (number | bigint)[]) => void; readonly memory: ArrayBuffer } {
  const code = [...vector(locals.map(type => [1, type])), ...body, 0x0b]
  const name = (text: string, kind: number) => [text.length, ...Buffer.from(text), kind, 0]
  const bytes = Uint8Array.from([
    ...Buffer.from('\0asm'),
    ...[1, 0, 0, 0],
    ...section(1, vector([[0x60, ...vector(parameters.map(type => [type])), 0]])),
    ...section(3, vector([[0]])),
    ...section(5, vector([[1, 1, 1]])), // one page, which cannot grow
    ...section(7, vector([name('call', 0), name('memory', 2)])),
    ...section(10, vector([[...unsigned(code.length), ...code]])),
  ])
  const { call, memory } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports
  if (!(call instanceof Function) || !(memory instanceof WebAssembly.Memory))
    throw new Error('no function was assembled')
  return { call: (...values) => void call(...values), memory: memory.buffer }
}
