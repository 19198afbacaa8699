import { type ErrorHistogram, ExponentCounter } from './error-histogram.ts'

/** Elements summed at a time, so that the scratch buffer stays in the first-level cache. */
const BLOCK = 4096

/**
 * How far a device's tensor is from the reference's, element by element.
 *
 * Statistics are over the `compared` elements that are finite on both sides, summed in double; the others are counted
 * apart. Where nothing was compared, every statistic is NaN, which meets no threshold.
 * Zero norms: two zero tensors are equal (relL2 0, cosine 1, snrDb Infinity). A zero reference and a device that is
 * not zero give relL2 Infinity, cosine 0, snrDb -Infinity; the other way round relL2 1, cosine 0, snrDb 0.
 */
export interface ElementComparison {
  /** Elements of each tensor. */
  count: number
  /** Those that are finite on both sides. */
  compared: number
  /** Largest |d - r|. */
  maxAbs: number
  meanAbs: number
  /** |d - r| / |r|, Euclidean norms. */
  relL2: number
  /** d.r / (|d| |r|). Blind to scale: x and 2x give 1. */
  cosine: number
  /** 20 log10(|r| / |d - r|). */
  snrDb: number
  /** Where maxAbs is, the first if several; -1 if nothing was compared. */
  worstIndex: number
  referenceNaN: number
  deviceNaN: number
  referenceInf: number
  deviceInf: number
  /** First index where only one side is finite, or both are not but differ in kind (NaN, Infinity, -Infinity); else -1. */
  nonFiniteMismatch: number
  histogram: ErrorHistogram
}

export interface RangeSummary {
  maxAbs: number
  isFinite: boolean
}

/** The running sums behind an ElementComparison, fed range by range in ascending order. */
export class ElementSums {
  /** |d - r| of the block in hand as fp32, and the same memory as bits. */
  readonly #errors = new Float32Array(BLOCK)
  readonly #errorBits = new Uint32Array(this.#errors.buffer)
  readonly #exponents = new ExponentCounter()
  #count = 0
  #compared = 0
  #sumAbs = 0
  #sumError = 0 // of squares
  #sumReference = 0 // of squares
  #sumDevice = 0 // of squares
  #sumProduct = 0
  #maxAbs = 0
  #worstIndex = -1
  #referenceNaN = 0
  #deviceNaN = 0
  #referenceInf = 0
  #deviceInf = 0
  #nonFiniteMismatch = -1
  #blockMax = 0

  /** Adds elements start to end (exclusive); gives the largest |d - r| of the finite ones, and whether all are. */
  add(reference: Float32Array, device: Float32Array, start: number, end: number): RangeSummary {
    let maxAbs = 0
    let allFinite = true
    for (let from = start; from < end; from += BLOCK) {
      const to = Math.min(from + BLOCK, end)
      let compared = to - from
      if (!this.#addFinite(reference, device, from, to)) {
        allFinite = false
        compared = this.#addMixed(reference, device, from, to)
      }
      this.#count += to - from
      this.#compared += compared
      this.#exponents.add(this.#errorBits, compared)
      if (this.#blockMax > this.#maxAbs || (this.#worstIndex < 0 && compared > 0)) {
        this.#maxAbs = this.#blockMax
        this.#worstIndex = indexOfError(reference, device, from, to, this.#blockMax)
      }
      if (this.#blockMax > maxAbs) maxAbs = this.#blockMax
    }
    return { maxAbs, isFinite: allFinite }
  }

  /** The hot loop. Adds nothing and gives false if any element is not finite: one makes the sum of |d - r| so. */
  #addFinite(reference: Float32Array, device: Float32Array, from: number, to: number): boolean {
    const errors = this.#errors
    let sumAbs = 0
    let sumError = 0
    let sumReference = 0
    let sumDevice = 0
    let sumProduct = 0
    let max = 0
    for (let i = from; i < to; i++) {
      const r = reference[i] ?? Number.NaN
      const d = device[i] ?? Number.NaN
      const error = Math.abs(d - r)
      errors[i - from] = error
      sumAbs += error
      sumError += error * error
      sumReference += r * r
      sumDevice += d * d
      sumProduct += d * r
      if (error > max) max = error
    }
    if (!Number.isFinite(sumAbs)) return false
    this.#sumAbs += sumAbs
    this.#sumError += sumError
    this.#sumReference += sumReference
    this.#sumDevice += sumDevice
    this.#sumProduct += sumProduct
    this.#blockMax = max
    return true
  }

  /** The same for a block with NaN or infinities; gives how many elements were compared. */
  #addMixed(reference: Float32Array, device: Float32Array, from: number, to: number): number {
    let compared = 0
    this.#blockMax = 0
    for (let i = from; i < to; i++) {
      const r = reference[i] ?? Number.NaN
      const d = device[i] ?? Number.NaN
      if (Number.isFinite(r) && Number.isFinite(d)) {
        const error = Math.abs(d - r)
        this.#errors[compared++] = error
        this.#sumAbs += error
        this.#sumError += error * error
        this.#sumReference += r * r
        this.#sumDevice += d * d
        this.#sumProduct += d * r
        if (error > this.#blockMax) this.#blockMax = error
      } else {
        if (Number.isNaN(r)) this.#referenceNaN++
        else if (!Number.isFinite(r)) this.#referenceInf++
        if (Number.isNaN(d)) this.#deviceNaN++
        else if (!Number.isFinite(d)) this.#deviceInf++
        if (!Object.is(r, d) && this.#nonFiniteMismatch < 0) this.#nonFiniteMismatch = i
      }
    }
    return compared
  }

  /** The comparison of everything added so far. */
  result(): ElementComparison {
    const isEmpty = this.#compared === 0
    const errorNorm = Math.sqrt(this.#sumError)
    const referenceNorm = Math.sqrt(this.#sumReference)
    const deviceNorm = Math.sqrt(this.#sumDevice)
    const relL2 = isEmpty ? Number.NaN : errorNorm === 0 ? 0 : errorNorm / referenceNorm
    return {
      count: this.#count,
      compared: this.#compared,
      maxAbs: isEmpty ? Number.NaN : this.#maxAbs,
      meanAbs: isEmpty ? Number.NaN : this.#sumAbs / this.#compared,
      relL2,
      cosine: isEmpty ? Number.NaN : errorNorm === 0 ? 1 : cosine(this.#sumProduct, referenceNorm, deviceNorm),
      snrDb: 20 * Math.log10(1 / relL2),
      worstIndex: this.#worstIndex,
      referenceNaN: this.#referenceNaN,
      deviceNaN: this.#deviceNaN,
      referenceInf: this.#referenceInf,
      deviceInf: this.#deviceInf,
      nonFiniteMismatch: this.#nonFiniteMismatch,
      histogram: this.#exponents.result(),
    }
  }
}

function cosine(product: number, referenceNorm: number, deviceNorm: number): number {
  if (referenceNorm === 0 || deviceNorm === 0) return 0
  // Rounding can carry it past 1.
  return Math.max(-1, Math.min(1, product / referenceNorm / deviceNorm))
}

function indexOfError(reference: Float32Array, device: Float32Array, from: number, to: number, error: number): number {
  for (let i = from; i < to; i++) {
    if (Math.abs((device[i] ?? Number.NaN) - (reference[i] ?? Number.NaN)) === error) return i
  }
  return -1
}
