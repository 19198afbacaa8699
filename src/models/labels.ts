/** What every vision config says of its classes and of its image, in Hugging Face's words. */
import { z } from 'zod'
import type { ImageSize } from '../graph/index.ts'

const int = z.int().positive()

/** `224`, `[height, width]`, or both by name. */
export const imageSize = z
  .union([int, z.tuple([int, int]), z.object({ height: int, width: int })])
  .transform((size): ImageSize => {
    if (typeof size === 'number') return { height: size, width: size }
    if ('height' in size) return size
    const [height, width] = size
    return { height, width }
  })

/** The keys that number the classes; timm says `num_classes`, Hugging Face names them. */
export const labelKeys = {
  num_labels: int.optional(),
  num_classes: int.optional(),
  id2label: z.record(z.string(), z.string()).optional(),
}

/** What timm's config.json says beside its `architecture`: [channels, height, width] of the images that it was trained with. */
export const timmKeys = {
  pretrained_cfg: z
    .object({
      input_size: z
        .tuple([z.literal(3), int, int])
        .transform(([, height, width]): ImageSize => ({ height, width }))
        .optional(),
    })
    .optional(),
}

/** PretrainedConfig's and ImageNet's usual numbers differ; a config that names no class has ImageNet's. */
const IMAGENET = 1000

/** How many classes a config names, `unsaid` where it names none. */
export function classesOf(
  c: {
    readonly num_labels?: number | undefined
    readonly num_classes?: number | undefined
    readonly id2label?: Readonly<Record<string, string>> | undefined
  },
  unsaid = IMAGENET,
): number {
  return c.num_labels ?? c.num_classes ?? (c.id2label ? Object.keys(c.id2label).length : unsaid)
}
