/** What a precision costs: the logits of a runtime against those of fp32, on the same text. */
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { compareLogits, nllOfTargets, perplexity } from '../src/metrics/index.ts'

/** Means over all positions of KL(softmax reference || softmax device), in nats, and of whether the top tokens agree. */
export interface Divergence {
  readonly kl: number
  readonly klMax: number
  readonly top1: number
}

type Windows = readonly (readonly number[])[]

/** Reads [positions, vocabulary] float32 of each window in turn, for a whole text would take 300 MB a file. */
function* rowsOf(path: string, windows: Windows, vocabulary: number): Generator<Float32Array> {
  const positions = windows.reduce((sum, window) => sum + window.length, 0)
  const { size } = statSync(path)
  if (size !== 4 * positions * vocabulary)
    throw new Error(`${path}: ${size} bytes are not ${positions} x ${vocabulary}`)
  const file = openSync(path, 'r')
  for (const window of windows) {
    const rows = new Float32Array(window.length * vocabulary)
    readSync(file, rows)
    yield rows
  }
  closeSync(file)
}

/** `reference`, `device`: files as Running.writeLogits makes them. */
export function divergenceOf(reference: string, device: string, windows: Windows, vocabulary: number): Divergence {
  const references = rowsOf(reference, windows, vocabulary)
  let positions = 0
  let kl = 0
  let klMax = 0
  let agreeing = 0
  for (const rows of rowsOf(device, windows, vocabulary)) {
    const expected = references.next()
    if (expected.done) throw new Error(`${reference} ended before ${device}`)
    const shape = { positions: rows.length / vocabulary, vocabulary }
    const { klNats, top1 } = compareLogits(expected.value, rows, shape)
    positions += shape.positions
    kl += klNats.mean * shape.positions
    klMax = Math.max(klMax, klNats.max)
    agreeing += top1 * shape.positions
  }
  return { kl: kl / positions, klMax, top1: agreeing / positions }
}

/** Perplexity of the windows: each token given those before it in its window. */
export function perplexityOf(device: string, windows: Windows, vocabulary: number): number {
  const rows = rowsOf(device, windows, vocabulary)
  const nll = windows.flatMap(window => {
    const { value } = rows.next()
    return value ? [...nllOfTargets(value.subarray(0, -vocabulary), window.slice(1), vocabulary)] : []
  })
  return perplexity(
    nll.reduce((sum, value) => sum + value, 0),
    nll.length,
  )
}
