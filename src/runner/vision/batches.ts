/** Images through a loaded model, many at once. */
import { WorkerError } from '../../protocol/failure.ts'
import { elementCount, type NamedTensors, type TensorData, tensorOf } from '../../tensor.ts'
import type { Prepared } from '../../workloads/vision/index.ts'
import type { Session } from '../session.ts'

/** Images as the model's input: f32 [rows, 3, height, width]. */
export function pixelValues(
  images: readonly Pick<Prepared, 'values'>[],
  { height, width }: { readonly height: number; readonly width: number },
): TensorData {
  const size = 3 * height * width
  const values = new Float32Array(images.length * size)
  for (const [row, image] of images.entries()) values.set(image.values, row * size)
  return tensorOf([images.length, 3, height, width], values)
}

/** One row of a tensor whose first dimension is the batch; a tensor of another first dimension as it is, which a check will find. */
export function rowOf(tensor: TensorData, row: number, rows: number): TensorData {
  const { type, shape, bytes } = tensor
  if (shape[0] !== rows || elementCount(shape) === 0) return tensor
  const size = bytes.length / rows
  return { type, shape: [1, ...shape.slice(1)], bytes: bytes.slice(row * size, (row + 1) * size) }
}

/** The same row of every output. */
export function rowsOf(outputs: NamedTensors, row: number, rows: number): NamedTensors {
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, rowOf(tensor, row, rows)]))
}

/**
 * Runs images in batches of one size, so that a device that compiles for a shape does so once: the last batch is filled up with its own
 * last image. Where memory lacks, the size goes down to a quarter, and stays there.
 */
export class Batches {
  readonly #session: Pick<Session, 'run'>
  readonly #input: { readonly height: number; readonly width: number }
  #size: number

  constructor(session: Pick<Session, 'run'>, input: { readonly height: number; readonly width: number }, most: number) {
    this.#session = session
    this.#input = input
    this.#size = most
  }

  get size(): number {
    return this.#size
  }

  /** The outputs of each image, in order. */
  async run(images: readonly Prepared[]): Promise<NamedTensors[]> {
    const outputs: NamedTensors[] = []
    while (outputs.length < images.length) {
      const size = this.#size
      const some = images.slice(outputs.length, outputs.length + size)
      const last = some.at(-1)
      if (last === undefined) break
      const filled = Array.from({ length: size }, (_, row) => some[row] ?? last)
      try {
        const given = await this.#session.run({ pixel_values: pixelValues(filled, this.#input) })
        outputs.push(...some.map((_, row) => rowsOf(given, row, size)))
      } catch (error) {
        const isTooLarge = error instanceof WorkerError && error.code === 'out-of-memory' && size > 1
        if (!isTooLarge) throw error
        this.#size = Math.max(1, Math.floor(size / 4))
      }
    }
    return outputs
  }
}
