/**
 * Philox4x32-10, a counter-based generator: any word of its stream can be had without those before it.
 * Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011, doi:10.1145/2063384.2063405.
 * The constants are those of the paper's reference implementation, Random123 (include/Random123/philox.h).
 *
 * A round is two whole products of 32-bit words. JavaScript has them only in 16-bit pieces, which takes four times as long as
 * WebAssembly's 64-bit product, and a model of 8 B parameters asks for 16 GB of words.
 */
import { assemble, I32, I64, op } from './wasm.ts'

const MULTIPLIERS = [0xd2511f53n, 0xcd9e8d57n] as const
const WEYL = [0x9e3779b9, 0xbb67ae85] as const
const ROUNDS = 10

/** Selects one of 2^64 streams. */
export type PhiloxKey = readonly [number, number]
/** The place in a stream, 128 bits, the lowest word first. */
export type PhiloxCounter = readonly [number, number, number, number]

/** Parameters and locals of the function, by number. */
const [KEY_0, KEY_1, POSITION, COUNTER_2, COUNTER_3, ADDRESS, END] = [0, 1, 2, 3, 4, 5, 6]
const [C0, C1, C2, C3, K0, K1, PRODUCT_0, PRODUCT_1] = [7, 8, 9, 10, 11, 12, 13, 14]

const get = op.localGet
const set = op.localSet
const low = (local: number) => [...get(local), ...op.i32Wrap]
const high = (local: number) => [...get(local), ...op.i64Const(32n), ...op.i64ShiftRightUnsigned, ...op.i32Wrap]
const wide = (local: number) => [...get(local), ...op.i64ExtendUnsigned]
const times = (multiplier: bigint) => [...op.i64Const(multiplier), ...op.i64Multiply]
const xor = (local: number) => [...get(local), ...op.i32Xor]
const copy = (from: number, to: number) => [...get(from), ...set(to)]
const increase = (key: number, by: number) => [...get(key), ...op.i32Const(by), ...op.i32Add, ...set(key)]
const store = (local: number, offset: number) => [...get(ADDRESS), ...get(local), ...op.i32Store(offset)]

const ROUND = [
  ...[...wide(C0), ...times(MULTIPLIERS[0]), ...set(PRODUCT_0)],
  ...[...wide(C2), ...times(MULTIPLIERS[1]), ...set(PRODUCT_1)],
  ...[...high(PRODUCT_1), ...xor(C1), ...xor(K0), ...set(C0)],
  ...[...low(PRODUCT_1), ...set(C1)],
  ...[...high(PRODUCT_0), ...xor(C3), ...xor(K1), ...set(C2)],
  ...[...low(PRODUCT_0), ...set(C3)],
  ...increase(K0, WEYL[0]),
  ...increase(K1, WEYL[1]),
]

/** Blocks of four words from ADDRESS to END: one for POSITION, which is the two lower words of the counter, and each of those after it. */
const BLOCKS = op.loop([
  ...[...low(POSITION), ...set(C0), ...high(POSITION), ...set(C1)],
  ...[...copy(COUNTER_2, C2), ...copy(COUNTER_3, C3), ...copy(KEY_0, K0), ...copy(KEY_1, K1)],
  ...Array.from({ length: ROUNDS }, () => ROUND).flat(),
  ...[C0, C1, C2, C3].flatMap((word, at) => store(word, 4 * at)),
  ...[...get(POSITION), ...op.i64Const(1n), ...op.i64Add, ...set(POSITION)],
  ...[...get(ADDRESS), ...op.i32Const(16), ...op.i32Add, ...op.localTee(ADDRESS), ...get(END), ...op.i32LessUnsigned],
])

const PARAMETERS = [I32, I32, I64, I32, I32, I32, I32]
const LOCALS = [I32, I32, I32, I32, I32, I32, I64, I64]
const { call, memory } = assemble(PARAMETERS, LOCALS, BLOCKS)
const words = new Uint32Array(memory)

/**
 * Fills `target`, whose length is a multiple of 4, with uniform 32-bit words: four for `counter`, four for
 * `counter + 1`, and so on (the upper two words of the counter stay).
 */
export function philox(key: PhiloxKey, counter: PhiloxCounter, target: Uint32Array): void {
  const [lowest, second, third, fourth] = counter
  const start = (BigInt(second >>> 0) << 32n) | BigInt(lowest >>> 0)
  for (let done = 0; done < target.length; done += words.length) {
    const count = Math.min(words.length, target.length - done)
    call(key[0], key[1], start + BigInt(done / 4), third, fourth, 0, 4 * count)
    target.set(words.subarray(0, count), done)
  }
}
