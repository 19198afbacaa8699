/** A residual network (arXiv:1512.03385) under a feature pyramid (arXiv:1612.03144), in torchvision's names: `body` and `fpn`. */
import type { Scope, Tensor } from '../graph/index.ts'

export interface PyramidSettings {
  readonly embedding_size: number
  readonly hidden_sizes: readonly number[]
  readonly depths: readonly number[]
  readonly fpn_channels: number
}

/** torch's default of BatchNorm2d. */
export const EPSILON = 1e-5
/** A bottleneck's inner convolutions have a quarter of its channels. */
const REDUCTION = 4

interface Filter {
  readonly channels: number
  readonly kernel: number
  readonly stride?: number
}

/** A convolution that keeps the size but for its stride, and its norm, under the two given names. */
export function normedConv(
  s: Scope,
  [conv, norm]: readonly [string, string],
  x: Tensor,
  { channels, kernel, stride = 1 }: Filter,
): Tensor {
  const filtered = s.conv2d(conv, x, channels, { kernel, stride, padding: (kernel - 1) / 2 })
  return s.batchNorm(norm, filtered, EPSILON)
}

function bottleneck(s: Scope, x: Tensor, channels: number, stride: number): Tensor {
  const inner = channels / REDUCTION
  const isSame = x.size(1) === channels && stride === 1
  const shortcut = isSame ? x : normedConv(s, ['downsample.0', 'downsample.1'], x, { channels, kernel: 1, stride })
  const h1 = normedConv(s, ['conv1', 'bn1'], x, { channels: inner, kernel: 1 }).relu()
  const h2 = normedConv(s, ['conv2', 'bn2'], h1, { channels: inner, kernel: 3, stride }).relu()
  return s.let('out', normedConv(s, ['conv3', 'bn3'], h2, { channels, kernel: 1 }).add(shortcut).relu())
}

/** What each stage gives, the finest first, at a quarter of the pixels and then each at half of the one before. */
function stages(s: Scope, c: PyramidSettings, pixels: Tensor): Tensor[] {
  const stem = normedConv(s, ['conv1', 'bn1'], pixels, { channels: c.embedding_size, kernel: 7, stride: 2 }).relu()
  let x = stem.maxPool({ kernel: 3, stride: 2, padding: 1 })
  return c.hidden_sizes.map((channels, stage) => {
    for (let at = 0; at < (c.depths[stage] ?? 0); at++)
      x = bottleneck(s.in(`layer${stage + 1}.${at}`), x, channels, stage > 0 && at === 0 ? 2 : 1)
    return x
  })
}

/** Features of every scale with the same channels, the finest first: what is coarse is added to what is fine. */
export function pyramid(s: Scope, c: PyramidSettings, pixels: Tensor): Tensor[] {
  const own = stages(s.in('body'), c, pixels)
  const layer = (name: string, x: Tensor, kernel: number) =>
    normedConv(s.in(`fpn.${name}`), ['0', '1'], x, { channels: c.fpn_channels, kernel })
  const levels: Tensor[] = []
  let coarser: Tensor | null = null
  for (const [level, x] of [...own.entries()].reverse()) {
    const lateral = layer(`inner_blocks.${level}`, x, 1)
    const sum: Tensor = coarser === null ? lateral : lateral.add(coarser.upsample(2))
    levels.unshift(s.let(`level.${level}`, layer(`layer_blocks.${level}`, sum, 3)))
    coarser = sum
  }
  return levels
}
