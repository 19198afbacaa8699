/** Images drawn from a seed, for a model without any: fields of colour and grain, the same on every machine. */
import type { VisionModel } from '../../build/model.ts'
import { type Random, randomFrom } from '../../metrics/bootstrap.ts'
import type { Dataset } from './dataset.ts'
import type { Preprocessing } from './preprocessing.ts'
import { CHANNELS, type Raster } from './raster.ts'
import type { Size } from './resample.ts'

const IMAGES = 16
/** Cells along the longer side of each layer of colour, and how strong it is, of 255. */
const LAYERS = [
  { cells: 4, strength: 160 },
  { cells: 16, strength: 70 },
] as const
const GRAIN = 24

/** Wider and narrower than the model's input, so that they are resized as photographs are; of its size where nothing is resized. */
export function seededDataset({ graph }: VisionModel, { fit }: Preprocessing): Dataset {
  const { height, width } = graph.image
  const stretched = (at: number): Size =>
    fit.kind === 'none'
      ? { width, height }
      : { width: Math.ceil(width * (at % 2 === 0 ? 1.4 : 1.1)), height: Math.ceil(height * (at % 2 === 0 ? 1.1 : 1.3)) }
  return {
    origin: 'seeded images',
    directory: null,
    images: Array.from({ length: IMAGES }, (_, at) => ({
      name: `seeded-${String(at).padStart(2, '0')}`,
      source: { kind: 'seeded' as const, seed: at, size: stretched(at) },
      label: null,
      scene: null,
    })),
    classNumbers: [],
    remarks: [],
  }
}

/** Sums and products of fractions alone, which every machine rounds alike. */
export function drawSeeded(seed: number, { width, height }: Size): Raster {
  const random = randomFrom(0x5eed + seed)
  const values = new Float64Array(width * height * CHANNELS).fill(128)
  for (const { cells, strength } of LAYERS) addLayer(values, { width, height }, cells, strength, random)
  const data = new Uint8Array(values.length)
  for (let i = 0; i < values.length; i++)
    data[i] = Math.round(Math.min(255, Math.max(0, (values[i] ?? 0) + (random() - 0.5) * GRAIN)))
  return { width, height, data }
}

/** Colours at the corners of a grid, blended between them. */
function addLayer(
  values: Float64Array,
  { width, height }: Size,
  cells: number,
  strength: number,
  random: Random,
): void {
  const corners = Float64Array.from({ length: (cells + 1) ** 2 * CHANNELS }, () => (random() - 0.5) * strength)
  const cell = Math.max(width, height) / cells
  const corner = (column: number, row: number, channel: number) =>
    corners[(row * (cells + 1) + column) * CHANNELS + channel] ?? 0
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [column, row] = [Math.floor(x / cell), Math.floor(y / cell)]
      const [across, down] = [smooth(x / cell - column), smooth(y / cell - row)]
      for (let channel = 0; channel < CHANNELS; channel++) {
        const upper = corner(column, row, channel) * (1 - across) + corner(column + 1, row, channel) * across
        const lower = corner(column, row + 1, channel) * (1 - across) + corner(column + 1, row + 1, channel) * across
        const at = (y * width + x) * CHANNELS + channel
        values[at] = (values[at] ?? 0) + upper * (1 - down) + lower * down
      }
    }
}

/** 3t² - 2t³: no edge at the border of a cell. */
const smooth = (t: number) => t * t * (3 - 2 * t)
