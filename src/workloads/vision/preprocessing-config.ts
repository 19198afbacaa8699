/** What a model's files say of its preprocessing: preprocessor_config.json, else timm's pretrained_cfg, else what its family does. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { VisionModel } from '../../build/model.ts'
import { AssayError } from '../../errors.ts'
import type { ImageSize, VisionGraph } from '../../graph/index.ts'
import type { Preprocessing } from './preprocessing.ts'
import type { Kernel, Size } from './resample.ts'

const int = z.int().positive()
const share = z.number().positive().max(1)
const perChannel = z
  .union([z.number(), z.array(z.number()).length(3)])
  .transform(value => (typeof value === 'number' ? [value, value, value] : value))
const deviation = perChannel.refine(values => values.every(value => value > 0), 'a deviation is above 0')

/** PIL.Image.Resampling */
const KERNELS = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box', 'hamming'] as const satisfies readonly Kernel[]

const both = z.object({ height: int, width: int })

/** An image processor of Hugging Face. A key that is not there means what the processors mean by it. */
const HuggingFace = z.object({
  image_processor_type: z.string().optional(),
  feature_extractor_type: z.string().optional(),
  do_resize: z.boolean().optional(),
  size: z.union([int, both, z.object({ shortest_edge: int, longest_edge: int.optional() })]).optional(),
  resample: z.int().min(0).max(5).optional(),
  crop_pct: share.optional(),
  do_center_crop: z.boolean().optional(),
  crop_size: z.union([int, both]).optional(),
  do_rescale: z.boolean().default(true),
  rescale_factor: z
    .number()
    .positive()
    .default(1 / 255),
  do_normalize: z.boolean().default(true),
  image_mean: perChannel.optional(),
  image_std: deviation.optional(),
})
type HuggingFace = z.output<typeof HuggingFace>

const Timm = z.object({
  input_size: z.tuple([z.literal(3), int, int]),
  interpolation: z.enum(['bilinear', 'bicubic', 'lanczos', 'nearest']).default('bicubic'),
  crop_pct: share.default(0.875),
  crop_mode: z.enum(['center', 'squash']).default('center'),
  mean: perChannel.optional(),
  std: deviation.optional(),
})

/** ImageNet's, as torchvision, timm and Hugging Face state them. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
const PLAIN = { mean: [0, 0, 0], std: [1, 1, 1] }
/** 224 of 256 px, as torchvision evaluates its classifiers. */
const USUAL_CROP = 0.875
/** The grey of YOLO's borders. */
const LETTERBOX = 114

/** A model's preprocessing. Throws AssayError('config-invalid') where its files say what cannot be, or another size than the model takes. */
export function preprocessingOf({ directory, config, graph, reference }: VisionModel): Preprocessing {
  const file = directory === null ? null : join(directory, 'preprocessor_config.json')
  if (file !== null && existsSync(file)) {
    const where = join(reference, 'preprocessor_config.json')
    const read = parse(HuggingFace, readJson(file, where), where)
    return ofSize(huggingFace(read, graph, where), graph.image, where)
  }
  if (config['pretrained_cfg'] === undefined) return usual(graph)
  const where = join(reference, 'config.json: pretrained_cfg')
  return ofSize(timm(parse(Timm, config['pretrained_cfg'], where), where), graph.image, where)
}

function readJson(file: string, where: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new AssayError('config-invalid', `not JSON: ${error instanceof Error ? error.message : error}`, { where })
  }
}

function parse<T extends z.ZodType>(schema: T, value: unknown, where: string): z.output<T> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const key = issue?.path.join('.') ?? ''
  throw new AssayError('config-invalid', `${key === '' ? '' : `${key}: `}${issue?.message ?? 'malformed'}`, { where })
}

/** Processors whose `size` of one number is the shorter side; for the others it is both. */
const BY_SHORTEST = /^(ConvNext|CLIP|MobileNet|Levit|PoolFormer|ConditionalDetr|Detr|Yolos)/i
/** From this size on, ConvNext's processor stretches and cuts nothing. */
const CONVNEXT_STRETCHES = 384

function huggingFace(c: HuggingFace, graph: VisionGraph, where: string): Preprocessing {
  const type = c.image_processor_type ?? c.feature_extractor_type ?? ''
  const isConvNext = c.crop_pct !== undefined || /^ConvNext/i.test(type)
  const normalised = c.do_normalize ? IMAGENET : PLAIN
  const shared = {
    kernel: KERNELS[c.resample ?? (isConvNext ? 3 : 2)] ?? 'bilinear',
    middle: 'floor',
    rescale: c.do_rescale ? c.rescale_factor : 1,
    mean: c.do_normalize ? (c.image_mean ?? normalised.mean) : PLAIN.mean,
    std: c.do_normalize ? (c.image_std ?? normalised.std) : PLAIN.std,
    fill: 0,
    source: 'preprocessor_config.json',
  } as const
  const crop = (c.do_center_crop ?? c.crop_size !== undefined) ? squareOr(c.crop_size ?? graph.image) : null
  if (!(c.do_resize ?? c.size !== undefined)) return { ...shared, fit: { kind: 'none' }, crop }
  const size = c.size ?? graph.image
  if (typeof size === 'object' && 'height' in size)
    return { ...shared, fit: { kind: 'stretch', to: { width: size.width, height: size.height } }, crop }
  const isNumber = typeof size === 'number'
  const px = isNumber ? size : size.shortest_edge
  if (isConvNext && px < CONVNEXT_STRETCHES) {
    const shortest = Math.trunc(px / (c.crop_pct ?? USUAL_CROP))
    return { ...shared, fit: { kind: 'shortest', px: shortest }, crop: { width: px, height: px } }
  }
  const isSquare = isConvNext || (isNumber && !BY_SHORTEST.test(type))
  if (isSquare) return { ...shared, fit: { kind: 'stretch', to: { width: px, height: px } }, crop }
  if (crop === null && graph.task === 'detection')
    return { ...shared, fit: { kind: 'within', isCentred: false }, crop, fill: 'mean' }
  if (crop === null)
    throw new AssayError(
      'config-invalid',
      'images are resized by their shorter side, and nothing cuts them to one size',
      {
        where,
        hint: 'give size as { "height", "width" }, or do_center_crop with a crop_size',
      },
    )
  return { ...shared, fit: { kind: 'shortest', px }, crop }
}

function squareOr(size: number | ImageSize): Size {
  return typeof size === 'number' ? { width: size, height: size } : { width: size.width, height: size.height }
}

function timm(c: z.output<typeof Timm>, where: string): Preprocessing {
  const [, height, width] = c.input_size
  const scaled = (px: number) => Math.floor(px / c.crop_pct)
  if (c.crop_mode === 'center' && height !== width)
    throw new AssayError(
      'config-invalid',
      `input_size of ${height} x ${width} px: only squares are cut from the middle`,
      {
        where,
        hint: 'a preprocessor_config.json beside it can say another way',
      },
    )
  return {
    fit:
      c.crop_mode === 'center'
        ? { kind: 'shortest', px: scaled(height) }
        : { kind: 'stretch', to: { width: scaled(width), height: scaled(height) } },
    kernel: c.interpolation,
    crop: { width, height },
    middle: 'even',
    rescale: 1 / 255,
    mean: c.mean ?? IMAGENET.mean,
    std: c.std ?? IMAGENET.std,
    fill: 0,
    source: "timm's pretrained_cfg",
  }
}

/** What a family does where no file says it. */
function usual({ task, image, outputs }: VisionGraph): Preprocessing {
  const shared = { kernel: 'bilinear', middle: 'even', rescale: 1 / 255, crop: null } as const
  if (task === 'classification')
    return {
      ...shared,
      ...IMAGENET,
      fit: { kind: 'shortest', px: Math.floor(Math.max(image.height, image.width) / USUAL_CROP) },
      crop: { width: image.width, height: image.height },
      fill: 0,
      source: "ImageNet's usual",
    }
  // A graph that gives final boxes is torchvision's: normalised, the rest filled with zeros. Else YOLO's letterbox.
  return outputs.has('boxes')
    ? { ...shared, ...IMAGENET, fit: { kind: 'within', isCentred: false }, fill: 'mean', source: "torchvision's usual" }
    : { ...shared, ...PLAIN, fit: { kind: 'within', isCentred: true }, fill: LETTERBOX, source: "YOLO's letterbox" }
}

/** A graph takes one size of image; what gives another one would be found at the first image only. */
function ofSize(preprocessing: Preprocessing, { height, width }: ImageSize, where: string): Preprocessing {
  const { fit, crop } = preprocessing
  const given = crop ?? (fit.kind === 'stretch' ? fit.to : null)
  if (given === null || (given.height === height && given.width === width)) return preprocessing
  throw new AssayError(
    'config-invalid',
    `it makes images of ${given.height} x ${given.width} px, and the model takes ${height} x ${width}`,
    { where, hint: 'image_size in config.json says what the model takes' },
  )
}
