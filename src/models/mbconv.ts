/**
 * Networks of mobile inverted bottlenecks: EfficientNet, its lite variants and its second version. Weights have timm's names;
 * efficientnet-names.ts knows the others.
 */
import type { ImageSize, Scope, Tensor, WindowSettings } from '../graph/index.ts'

/**
 * A run of blocks, the first of which may change size and channels. `inverted`: MBConv (arXiv:1801.04381, figure 3d, with squeeze and
 * excitation); `separable`: the same without an expansion; `fused`: expansion and filter in one convolution (arXiv:2104.00298,
 * figure 2); `plain`: the same without an expansion.
 */
export interface Stage {
  readonly block: 'inverted' | 'separable' | 'fused' | 'plain'
  readonly kernel: number
  readonly stride: number
  /** Inner channels for each channel that comes in. */
  readonly expansion: number
  readonly channels: number
  readonly repeats: number
  /** Channels of the squeeze (arXiv:1709.01507) for each channel that comes in; null where there is none. */
  readonly squeeze: number | null
}

export interface MobileNetwork {
  readonly image: ImageSize
  readonly classes: number
  readonly stem: number
  readonly stages: readonly Stage[]
  /** Channels before the pooling. */
  readonly features: number
  readonly activation: 'silu' | 'relu6'
  /** Of the batch norms. */
  readonly epsilon: number
  /** TensorFlow's padding, or half the kernel on each side as torch has it. */
  readonly padding: 'same' | 'symmetric'
}

/**
 * Channels as all three publishers round them: to the nearest multiple of `divisor`, but never down by more than a tenth
 * (MobileNetV2's reference implementation, `_make_divisible`).
 */
export function roundedChannels(channels: number, divisor = 8): number {
  const rounded = Math.max(divisor, Math.floor((channels + divisor / 2) / divisor) * divisor)
  return rounded < 0.9 * channels ? rounded + divisor : rounded
}

function activated({ activation }: MobileNetwork, x: Tensor): Tensor {
  return activation === 'silu' ? x.silu() : x.clip(0, 6)
}

/** A convolution without a bias that keeps the size but for its stride, and its norm. */
function normed(
  s: Scope,
  network: MobileNetwork,
  [filter, norm]: readonly [filter: string, norm: string],
  x: Tensor,
  channels: number,
  { kernel, stride = 1, groups = 1 }: WindowSettings & { readonly groups?: number },
): Tensor {
  const padding = network.padding === 'same' ? 'same' : (kernel - 1) / 2
  return s.batchNorm(norm, s.conv2d(filter, x, channels, { kernel, stride, groups, padding }), network.epsilon)
}

/** x * sigmoid(W2 act(W1 mean(x))), each channel by one number (arXiv:1709.01507, figure 2). */
function squeezed(s: Scope, network: MobileNetwork, x: Tensor, inner: number): Tensor {
  const mean = x.mean([2, 3], { isKept: true }) // [B, C, 1, 1]
  const reduced = activated(network, s.conv2d('conv_reduce', mean, inner, { kernel: 1, bias: true }))
  return x.mul(s.conv2d('conv_expand', reduced, x.size(1), { kernel: 1, bias: true }).sigmoid())
}

function block(s: Scope, network: MobileNetwork, x: Tensor, stage: Stage, stride: number): Tensor {
  const incoming = x.size(1)
  const inner = roundedChannels(incoming * stage.expansion)
  const { kernel, channels, squeeze } = stage
  const depthwise = (h: Tensor, norm: string) =>
    activated(network, normed(s, network, ['conv_dw', norm], h, inner, { kernel, stride, groups: inner }))
  const excited = (h: Tensor) =>
    squeeze === null ? h : squeezed(s.in('se'), network, h, Math.max(1, Math.floor(incoming * squeeze)))
  switch (stage.block) {
    case 'inverted': {
      const wide = activated(network, normed(s, network, ['conv_pw', 'bn1'], x, inner, { kernel: 1 }))
      return normed(s, network, ['conv_pwl', 'bn3'], excited(depthwise(wide, 'bn2')), channels, { kernel: 1 })
    }
    case 'separable':
      return normed(s, network, ['conv_pw', 'bn2'], excited(depthwise(x, 'bn1')), channels, { kernel: 1 })
    case 'fused': {
      const wide = activated(network, normed(s, network, ['conv_exp', 'bn1'], x, inner, { kernel, stride }))
      return normed(s, network, ['conv_pwl', 'bn2'], wide, channels, { kernel: 1 })
    }
    case 'plain':
      return activated(network, normed(s, network, ['conv', 'bn1'], x, channels, { kernel, stride }))
  }
}

/** The forward pass, from pixels [batch, 3, height, width]. */
export function mobileNetwork(s: Scope, network: MobileNetwork, pixels: Tensor): { readonly logits: Tensor } {
  const { stages, stem, features, classes } = network
  let x = activated(network, normed(s, network, ['conv_stem', 'bn1'], pixels, stem, { kernel: 3, stride: 2 }))
  for (const [at, stage] of stages.entries())
    for (let index = 0; index < stage.repeats; index++) {
      const here = s.in(`blocks.${at}.${index}`)
      const stride = index === 0 ? stage.stride : 1
      const h = block(here, network, x, stage, stride)
      x = here.let('out', stride === 1 && h.size(1) === x.size(1) ? h.add(x) : h) // [B, C, H, W]
    }
  const wide = activated(network, normed(s, network, ['conv_head', 'bn2'], x, features, { kernel: 1 }))
  const pooled = s.let('pooled', wide.mean([2, 3])) // [B, features]
  return { logits: s.linear('classifier', pooled, classes, { bias: true }) }
}
