/** Levels, one a byte, to the bytes in which ONNX and onnxruntime store them. */
import type { BlockFormat, BlockLayout } from '../lower/index.ts'

/**
 * Packs pieces of whole rows, [rows, width] each, of which the first `columns` count where rows lie without a gap. Two levels
 * of 4 bits go into a byte, the first into its lower half (ONNX IR, "int4"), which in `rows` may be of the next row.
 */
export function* packLevels(
  pieces: Iterable<Uint8Array>,
  columns: number,
  width: number,
  { bits, isSymmetric }: BlockFormat,
  layout: BlockLayout,
): Generator<Uint8Array> {
  const isRows = layout === 'rows'
  const own = isRows ? columns : width
  // From unsigned around the middle to two's complement is the flip of the highest bit.
  const flip = isRows && isSymmetric ? 2 ** (bits - 1) : 0
  if (bits === 8) {
    for (const piece of pieces) yield flipped(cut(piece, width, own), flip)
    return
  }
  let half: number | null = null
  for (const piece of pieces) {
    const levels = cut(piece, width, own)
    const rows = levels.length / own
    const bytes = new Uint8Array(rows * Math.ceil(own / 2) + 1)
    let filled = 0
    for (let i = 0; i < levels.length; i++) {
      const level = (levels[i] ?? 0) ^ flip
      if (half === null) half = level
      else {
        bytes[filled++] = half | (level << 4)
        half = null
      }
      if (!isRows && half !== null && (i + 1) % own === 0) {
        bytes[filled++] = half
        half = null
      }
    }
    yield bytes.subarray(0, filled)
  }
  if (half !== null) yield Uint8Array.of(half)
}

/** The first `columns` of each row of `width`. */
function cut(piece: Uint8Array, width: number, columns: number): Uint8Array {
  if (columns === width) return piece
  const rows = piece.length / width
  const out = new Uint8Array(rows * columns)
  for (let row = 0; row < rows; row++) out.set(piece.subarray(row * width, row * width + columns), row * columns)
  return out
}

function flipped(levels: Uint8Array, flip: number): Uint8Array {
  return flip === 0 ? levels : levels.map(level => level ^ flip)
}
