/** What a benchmark is timed on: the dataset's images, prepared as for the checks. */
import { type NamedTensors, tensorOf } from '../../tensor.ts'
import type { Prepared } from './prepare.ts'
import { Preparer } from './preparer.ts'
import { CHANNELS } from './raster.ts'
import type { VisionWorkload } from './workload.ts'

/** Prepared images that are kept: larger batches have them several times. */
const KEPT = 64

/** Close it, or the process does not end. */
export class BenchmarkImages {
  readonly #workload: VisionWorkload
  readonly #preparer: Preparer
  readonly #kept: Promise<Prepared>[] = []

  constructor(workload: VisionWorkload) {
    this.#workload = workload
    this.#preparer = new Preparer(workload.recipe)
  }

  /** Whether there are files to read, and not only seeds to draw from. */
  get areFiles(): boolean {
    return this.#workload.dataset.directory !== null
  }

  /** The first images of the dataset as a batch, the same ones each time. Throws AssayError for one that cannot be read. */
  async pixels(batch: number): Promise<NamedTensors> {
    const different = Math.min(batch, KEPT, this.#workload.dataset.images.length)
    while (this.#kept.length < different) this.#kept.push(this.#prepare(this.#kept.length))
    const images = await Promise.all(this.#kept.slice(0, different))
    return this.#stacked(Array.from({ length: batch }, (_, row) => images[row % different]))
  }

  /** The images from number `first` on, each read and prepared anew; the dataset begins again at its end. */
  async read(first: number, batch: number): Promise<NamedTensors> {
    return this.#stacked(await Promise.all(Array.from({ length: batch }, (_, row) => this.#prepare(first + row))))
  }

  close(): Promise<void> {
    return this.#preparer.close()
  }

  #prepare(at: number): Promise<Prepared> {
    const { images } = this.#workload.dataset
    const image = images[at % images.length]
    if (image === undefined) return Promise.reject(new Error('a dataset without images'))
    return this.#preparer.prepare(image.source)
  }

  #stacked(images: readonly (Prepared | undefined)[]): NamedTensors {
    const { height, width } = this.#workload.input
    const size = CHANNELS * height * width
    const values = new Float32Array(images.length * size)
    for (const [row, image] of images.entries()) if (image) values.set(image.values, row * size)
    return { pixel_values: tensorOf([images.length, CHANNELS, height, width], values) }
  }
}
