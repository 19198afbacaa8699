/** A frame: u32 little-endian header length, the header as JSON in UTF-8, then the bytes of its tensors in order. */
import { BYTES_PER_ELEMENT, elementCount, type NamedTensors, type TensorData } from '../tensor.ts'
import { ProtocolError } from './failure.ts'
import { Header } from './messages.ts'

/** What a peer may send. A peer is a driver's process, and a broken one must not take the host down with it. */
export const LIMITS = {
  /** A header holds names, shapes and clocks, no tensors: 4096 tensor names and a million timings fit. Text printed by
   * mistake reads as a length of over 500 million, so this limit also finds a worker that prints into its frames. */
  headerBytes: 16 * 1024 * 1024,
  /** Logits [1, 16384, 131072] in fp32. More than that does not fit the memory of the machines that would judge it. */
  tensorBytes: 8 * 1024 ** 3,
} as const

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

/** A header without its list of tensors, which follows from the tensors themselves. */
export type Message = DistributiveOmit<Header, 'tensors'>

export interface Frame {
  readonly header: Header
  readonly tensors: NamedTensors
}

/**
 * A frame as the pieces to write, in order. The tensors' memory is not copied: it must stay as it is until it is written.
 * @throws RangeError where a tensor's bytes do not match its shape and type
 */
export function encodeFrame(message: Message, tensors: NamedTensors = {}): Uint8Array[] {
  const entries = Object.entries(tensors)
  for (const [name, tensor] of entries) {
    const expected = byteLength(tensor.type, tensor.shape)
    if (tensor.bytes.byteLength !== expected)
      throw new RangeError(
        `${name} ${tensor.type}[${tensor.shape}] has ${tensor.bytes.byteLength} bytes, not ${expected}`,
      )
  }
  const list = entries.map(([name, { type, shape }]) => ({ name, type, shape }))
  const json = Buffer.from(JSON.stringify({ ...message, tensors: list }))
  if (json.length > LIMITS.headerBytes) throw new RangeError(`a header of ${json.length} bytes is over the limit`)
  const head = Buffer.allocUnsafe(4 + json.length)
  head.writeUInt32LE(json.length)
  json.copy(head, 4)
  return [head, ...entries.map(([, tensor]) => tensor.bytes).filter(bytes => bytes.byteLength > 0)]
}

/** Puts frames together again from chunks of any size. Each tensor gets memory of its own, aligned, and is copied once. */
export class FrameDecoder {
  readonly #onFrame: (frame: Frame) => void
  #target: Uint8Array = new Uint8Array(4)
  #filled = 0
  #state: 'length' | 'header' | 'tensor' = 'length'
  #header: Header | null = null
  #done: [string, TensorData][] = []

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame
  }

  /** Whether the bytes so far end inside a frame. */
  get isMidFrame(): boolean {
    return this.#state !== 'length' || this.#filled > 0
  }

  /** @throws ProtocolError for bytes that are no frame; nothing can be read after that */
  push(chunk: Uint8Array): void {
    let offset = 0
    while (offset < chunk.byteLength) {
      const size = Math.min(this.#target.byteLength - this.#filled, chunk.byteLength - offset)
      this.#target.set(chunk.subarray(offset, offset + size), this.#filled)
      this.#filled += size
      offset += size
      if (this.#filled === this.#target.byteLength) this.#advance()
    }
  }

  #advance(): void {
    switch (this.#state) {
      case 'length':
        this.#expect('header', headerLength(this.#target))
        return
      case 'header':
        this.#header = parseHeader(this.#target)
        this.#nextTensor(this.#header)
        return
      case 'tensor': {
        const header = this.#header
        const next = header?.tensors[this.#done.length]
        if (header === null || next === undefined) throw new ProtocolError('a tensor without a header')
        this.#done.push([next.name, { type: next.type, shape: next.shape, bytes: this.#target }])
        this.#nextTensor(header)
        return
      }
    }
  }

  /** Waits for the next tensor that has bytes, or hands the frame on. */
  #nextTensor(header: Header): void {
    for (;;) {
      const next = header.tensors[this.#done.length]
      if (next === undefined) break
      const size = byteLength(next.type, next.shape)
      if (size > 0) {
        this.#expect('tensor', size)
        return
      }
      this.#done.push([next.name, { type: next.type, shape: next.shape, bytes: new Uint8Array(0) }])
    }
    const frame = { header, tensors: Object.fromEntries(this.#done) }
    this.#header = null
    this.#done = []
    this.#expect('length', 4)
    this.#onFrame(frame)
  }

  #expect(state: 'length' | 'header' | 'tensor', size: number): void {
    this.#state = state
    this.#filled = 0
    // Memory that is not cleared first: it is filled before anyone sees it.
    this.#target = new Uint8Array(Buffer.allocUnsafeSlow(size).buffer)
  }
}

function byteLength(type: keyof typeof BYTES_PER_ELEMENT, shape: readonly number[]): number {
  return elementCount(shape) * BYTES_PER_ELEMENT[type]
}

function headerLength(bytes: Uint8Array): number {
  const length = Buffer.from(bytes).readUInt32LE()
  if (length > 0 && length <= LIMITS.headerBytes) return length
  const text = Buffer.from(bytes).toString('latin1')
  const printable = /^[\x20-\x7e\r\n\t]{4}$/.test(text)
  throw new ProtocolError(
    printable
      ? `the text ${JSON.stringify(text)} where a frame should begin: something prints into the frames`
      : `a frame with a header of ${length} bytes (1 to ${LIMITS.headerBytes} are allowed)`,
  )
}

function parseHeader(bytes: Uint8Array): Header {
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(bytes.buffer).toString('utf8'))
  } catch (error) {
    throw new ProtocolError(`a frame's header is no JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  const parsed = Header.safeParse(json)
  if (!parsed.success) throw new ProtocolError(`a frame's header is not allowed: ${describeIssue(parsed.error)}`)
  const { tensors } = parsed.data
  const total = tensors.reduce((sum, tensor) => sum + byteLength(tensor.type, tensor.shape), 0)
  if (total > LIMITS.tensorBytes)
    throw new ProtocolError(`a frame with ${total} bytes of tensors (${LIMITS.tensorBytes} are allowed)`)
  if (new Set(tensors.map(tensor => tensor.name)).size < tensors.length)
    throw new ProtocolError('a frame with two tensors of one name')
  return parsed.data
}

/** The first thing that is wrong with a value, and where: `params.handle: expected string`. */
export function describeIssue(error: { issues: readonly { path: readonly PropertyKey[]; message: string }[] }): string {
  const issue = error.issues[0]
  if (issue === undefined) return 'invalid'
  return issue.path.length > 0 ? `${issue.path.map(String).join('.')}: ${issue.message}` : issue.message
}
