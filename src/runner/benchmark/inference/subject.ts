/** What the inference benchmark measures, as the unit of a vision model gives it. */
import type { NamedTensors } from '../../../tensor.ts'
import type { FoundDevice } from '../../discovery.ts'
import type { Session } from '../../session.ts'
import type { UnitWorker } from '../../unit-worker.ts'
import type { Memory } from '../memory.ts'

/** What a pass asks of a device, as src/metrics/roofline.ts counts it: the least that the model itself asks for. */
export interface InferenceCost {
  /** 2 for each multiplication with an addition of convolutions and matrix products, of one image. */
  readonly flopsPerImage: number
  /** Weights that a pass reads, as they are stored. */
  readonly weightBytes: number
  /** Activations of one image, each written once and read once. */
  readonly activationBytes: number
  /** Activations of one image that must be held at once at least; null where that is not known, and a batch is just tried. */
  readonly heldBytes: number | null
}

export interface InferenceSubject {
  readonly worker: UnitWorker
  readonly found: FoundDevice
  /** Of the model's input, px. */
  readonly image: { readonly height: number; readonly width: number }
  /** Whether the subject is the reference itself, and audited by its own untimed pass. */
  readonly isReference: boolean
  /** What the points have to fit in; null where that is not known. */
  readonly memory: Memory | null
  /** Null where it is not known: then there is no roofline. */
  readonly cost: InferenceCost | null
  /** Inputs of one batch, the first dimension of each: real images, the same ones each time that it is asked. */
  pixels(batch: number): NamedTensors | Promise<NamedTensors>
  /**
   * The images from number `first` on, read from their files and prepared as `pixels` are; the data set begins again at its end.
   * Null where there are no files.
   */
  readonly read: ((first: number, batch: number) => Promise<NamedTensors>) | null
  /** Opens the reference with the same model, to audit by; closed by the benchmark. */
  openReference(): Promise<Session>
  /**
   * Why the device's outputs for some images are not the reference's, or not its own of another pass; null where they are. Needed where outputs cannot be held against
   * each other element by element, as of boxes after suppression; else the audit's own way.
   */
  readonly disagreement?: (reference: NamedTensors, device: NamedTensors, of: 'reference' | 'itself') => string | null
}
