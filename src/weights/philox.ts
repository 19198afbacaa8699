/**
 * Philox4x32-10, a counter-based generator: any word of its stream can be had without those before it.
 * Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011, doi:10.1145/2063384.2063405.
 * The constants are those of the paper's reference implementation, Random123 (include/Random123/philox.h).
 */
const MULTIPLIER_0 = 0xd2511f53
const MULTIPLIER_1 = 0xcd9e8d57
const WEYL_0 = 0x9e3779b9
const WEYL_1 = 0xbb67ae85
const ROUNDS = 10

const M0_LOW = MULTIPLIER_0 & 0xffff
const M0_HIGH = MULTIPLIER_0 >>> 16
const M1_LOW = MULTIPLIER_1 & 0xffff
const M1_HIGH = MULTIPLIER_1 >>> 16

/** Selects one of 2^64 streams. */
export type PhiloxKey = readonly [number, number]
/** The place in a stream, 128 bits, the lowest word first. */
export type PhiloxCounter = readonly [number, number, number, number]

/**
 * Fills `target`, whose length is a multiple of 4, with uniform 32-bit words: four for `counter`, four for
 * `counter + 1`, and so on (the upper two words of the counter stay).
 */
export function philox(key: PhiloxKey, counter: PhiloxCounter, target: Uint32Array): void {
  const [low, high] = counter
  for (let i = 0; i < target.length; i += 4) {
    const position = (low >>> 0) + i / 4
    let c0 = position | 0
    let c1 = (high + (position >= 2 ** 32 ? 1 : 0)) | 0
    let c2 = counter[2] | 0
    let c3 = counter[3] | 0
    let k0 = key[0] | 0
    let k1 = key[1] | 0
    for (let round = 0; round < ROUNDS; round++) {
      // The upper 32 bits of both 64-bit products from 16-bit halves: Warren, "Hacker's Delight", 8-2.
      const a0 = c0 & 0xffff
      const a1 = c0 >>> 16
      const t0 = (Math.imul(a1, M0_LOW) + (Math.imul(a0, M0_LOW) >>> 16)) | 0
      const u0 = (Math.imul(a0, M0_HIGH) + (t0 & 0xffff)) | 0
      const high0 = (Math.imul(a1, M0_HIGH) + (t0 >>> 16) + (u0 >>> 16)) | 0
      const b0 = c2 & 0xffff
      const b1 = c2 >>> 16
      const t1 = (Math.imul(b1, M1_LOW) + (Math.imul(b0, M1_LOW) >>> 16)) | 0
      const u1 = (Math.imul(b0, M1_HIGH) + (t1 & 0xffff)) | 0
      const high1 = (Math.imul(b1, M1_HIGH) + (t1 >>> 16) + (u1 >>> 16)) | 0
      const low0 = Math.imul(c0, MULTIPLIER_0)
      const low1 = Math.imul(c2, MULTIPLIER_1)
      c0 = high1 ^ c1 ^ k0
      c1 = low1
      c2 = high0 ^ c3 ^ k1
      c3 = low0
      k0 = (k0 + WEYL_0) | 0
      k1 = (k1 + WEYL_1) | 0
    }
    target[i] = c0
    target[i + 1] = c1
    target[i + 2] = c2
    target[i + 3] = c3
  }
}
