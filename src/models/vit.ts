/** Vision transformers, arXiv:2010.11929, with a class token. */
import { z } from 'zod'
import { defineVision, type Layout, type Scope, type Tensor } from '../graph/index.ts'
import { classesOf, imageSize, labelKeys, timmKeys } from './labels.ts'

const int = z.int().positive()

/** Table 1 of the paper, and the two smaller ones of arXiv:2012.12877: width, layers, heads; the inner layer has four times the width. */
const SIZES = {
  tiny: [192, 12, 3],
  small: [384, 12, 6],
  base: [768, 12, 12],
  large: [1024, 24, 16],
  huge: [1280, 32, 16],
} as const
type Size = keyof typeof SIZES
const sizes = Object.keys(SIZES)
const PATCHES = [8, 14, 16, 32]
const IMAGES = [224, 384]
const TIMM = /^vit_(\w+)_patch(\d+)_(\d+)$/
/** torchvision's names of the variants, whose images have 224 rows. */
const TORCHVISION: Readonly<Record<string, Size>> = { vit_b: 'base', vit_l: 'large', vit_h: 'huge' }

function isSize(name: string): name is Size {
  return Object.hasOwn(SIZES, name)
}

interface Variant {
  readonly size: Size
  readonly patch: number
  readonly pixels: number
}

/** What timm's or torchvision's name of a variant says. */
function variantOf(architecture: string): Variant | null {
  const [, size = '', patch, pixels] = TIMM.exec(architecture) ?? []
  if (isSize(size)) return { size, patch: Number(patch), pixels: Number(pixels) }
  const [, short = '', squares] = /^(vit_[blh])_(\d+)$/.exec(architecture) ?? []
  const large = TORCHVISION[short]
  return large ? { size: large, patch: Number(squares), pixels: 224 } : null
}

/** Hugging Face's ViTConfig. */
const Keys = z
  .object({
    hidden_size: int.default(768),
    num_hidden_layers: int.default(12),
    num_attention_heads: int.default(12),
    intermediate_size: int.default(3072),
    hidden_act: z.enum(['gelu', 'gelu_new', 'gelu_pytorch_tanh', 'relu']).default('gelu'),
    layer_norm_eps: z.number().positive().default(1e-12),
    image_size: imageSize.default({ height: 224, width: 224 }),
    patch_size: int.default(16),
    qkv_bias: z.boolean().default(true),
    ...labelKeys,
    ...timmKeys,
  })
  .refine(c => c.hidden_size % c.num_attention_heads === 0, 'hidden_size is a multiple of num_attention_heads')
type Config = z.output<typeof Keys>

/** What timm's `model_args` may say of a vision transformer: arguments of its class. */
const ModelArgs = z.object({
  img_size: z.unknown(),
  patch_size: z.unknown(),
  embed_dim: int.optional(),
  depth: z.unknown(),
  num_heads: z.unknown(),
  mlp_ratio: z.number().positive().optional(),
  qkv_bias: z.unknown(),
})

/** timm's config and torchvision's names in Hugging Face's keys; a key that is given in those stands. */
function spelledOut(config: unknown): unknown {
  const named = z.looseObject({ architecture: z.string(), model_args: ModelArgs.partial().optional(), ...timmKeys })
  const timm = named.safeParse(config)
  const variant = timm.success ? variantOf(timm.data.architecture) : null
  if (!timm.success || variant === null) return config
  const { model_args: args = {}, pretrained_cfg, ...given } = timm.data
  const [width, layers, heads] = SIZES[variant.size]
  const hidden = args.embed_dim ?? width
  return {
    hidden_size: hidden,
    num_hidden_layers: args.depth ?? layers,
    num_attention_heads: args.num_heads ?? heads,
    intermediate_size: Math.floor(hidden * (args.mlp_ratio ?? 4)),
    layer_norm_eps: 1e-6, // timm's and torchvision's
    image_size: args.img_size ?? pretrained_cfg?.input_size ?? variant.pixels,
    patch_size: args.patch_size ?? variant.patch,
    qkv_bias: args.qkv_bias ?? true,
    ...given,
  }
}

function activated(c: Config, x: Tensor): Tensor {
  if (c.hidden_act === 'relu') return x.relu()
  return x.gelu(c.hidden_act === 'gelu' ? 'none' : 'tanh')
}

/** Patches as one convolution, the class token before them, and a learned position for each. */
function embeddings(s: Scope, c: Config, pixels: Tensor): Tensor {
  const { hidden_size: width, patch_size: patch } = c
  const window = { kernel: patch, stride: patch, bias: true }
  const patches = s.conv2d('patch_embeddings.projection', pixels, width, window).rearrange('b d h w -> b (h w) d')
  const tokens = s.parameter('cls_token', [1, 1, width]).repeatFor(pixels).concat([patches], 1)
  return tokens.add(s.parameter('position_embeddings', [1, tokens.size(1), width])) // [B, 1 + patches, D]
}

function attention(s: Scope, c: Config, x: Tensor): Tensor {
  const { hidden_size: width, num_attention_heads: heads } = c
  const project = (name: string) =>
    s.linear(`attention.${name}`, x, width, { bias: c.qkv_bias }).rearrange('b t (h d) -> b h t d', { h: heads })
  const [q, keys, values] = [project('query'), project('key'), project('value')]
  const scale = (width / heads) ** -0.5
  const mixed = s.attend(q, { keys, values }, { scale, isCausal: false }).rearrange('b h t d -> b t (h d)')
  return s.linear('output.dense', mixed, width, { bias: true })
}

function layer(s: Scope, c: Config, x: Tensor): Tensor {
  const { hidden_size: width, layer_norm_eps: epsilon } = c
  const h = s.let('h', attention(s.in('attention'), c, s.layerNorm('layernorm_before', x, epsilon)).add(x))
  const normed = s.layerNorm('layernorm_after', h, epsilon)
  const inner = activated(c, s.linear('intermediate.dense', normed, c.intermediate_size, { bias: true }))
  return s.let('out', s.linear('output.dense', inner, width, { bias: true }).add(h)) // [B, 1 + patches, D]
}

/** For each publisher: what is outside of the layers, and the beginning of a layer's names and its parts. */
interface Spelling {
  readonly outer: Readonly<Record<string, string>>
  readonly layer: string
  readonly parts: Readonly<Record<string, string>>
  /** Query, key and value as thirds of one matrix: the names of its weight and bias. */
  readonly stacked?: Readonly<Record<string, string>>
}

const THIRDS = ['query', 'key', 'value']

function layoutOf({ outer, layer, parts, stacked }: Spelling): Layout {
  return name => {
    const found = outer[name]
    if (found !== undefined) return { name: found }
    const [, index, part = '', leaf = ''] = /^vit\.encoder\.layer\.(\d+)\.(.*)\.(\w+)$/.exec(name) ?? []
    if (index === undefined) return null
    const third = THIRDS.findIndex(which => part === `attention.attention.${which}`)
    if (stacked && third >= 0) return { name: `${layer}${index}.${stacked[leaf]}`, part: { index: third, of: 3 } }
    return parts[part] === undefined ? null : { name: `${layer}${index}.${parts[part]}.${leaf}` }
  }
}

function outerNames(names: { token: string; positions: string; patches: string; norm: string; head: string }) {
  const both = (ours: string, theirs: string) =>
    ['weight', 'bias'].map(leaf => [`${ours}.${leaf}`, `${theirs}.${leaf}`] as const)
  return Object.fromEntries([
    ['vit.embeddings.cls_token', names.token],
    ['vit.embeddings.position_embeddings', names.positions],
    ...both('vit.embeddings.patch_embeddings.projection', names.patches),
    ...both('vit.layernorm', names.norm),
    ...both('classifier', names.head),
  ])
}

const timmLayout = layoutOf({
  outer: outerNames({
    token: 'cls_token',
    positions: 'pos_embed',
    patches: 'patch_embed.proj',
    norm: 'norm',
    head: 'head',
  }),
  layer: 'blocks.',
  parts: {
    layernorm_before: 'norm1',
    'attention.output.dense': 'attn.proj',
    layernorm_after: 'norm2',
    'intermediate.dense': 'mlp.fc1',
    'output.dense': 'mlp.fc2',
  },
  stacked: { weight: 'attn.qkv.weight', bias: 'attn.qkv.bias' },
})

const torchvisionLayout = layoutOf({
  outer: outerNames({
    token: 'class_token',
    positions: 'encoder.pos_embedding',
    patches: 'conv_proj',
    norm: 'encoder.ln',
    head: 'heads.head',
  }),
  layer: 'encoder.layers.encoder_layer_',
  parts: {
    layernorm_before: 'ln_1',
    'attention.output.dense': 'self_attention.out_proj',
    layernorm_after: 'ln_2',
    'intermediate.dense': 'mlp.0',
    'output.dense': 'mlp.3',
  },
  stacked: { weight: 'self_attention.in_proj_weight', bias: 'self_attention.in_proj_bias' },
})

export const vit = defineVision({
  types: [
    'vit',
    ...sizes.flatMap(size => PATCHES.flatMap(patch => IMAGES.map(image => `vit_${size}_patch${patch}_${image}`))),
    ...['vit_b_16', 'vit_b_32', 'vit_l_16', 'vit_l_32', 'vit_h_14'],
  ],
  task: 'classification',
  config: z.preprocess(spelledOut, Keys),
  layouts: [timmLayout, torchvisionLayout],
  image: c => c.image_size,
  classes: c => classesOf(c),
  build(s, c, pixels) {
    let x = embeddings(s.in('vit.embeddings'), c, pixels)
    for (let at = 0; at < c.num_hidden_layers; at++) x = layer(s.in(`vit.encoder.layer.${at}`), c, x)
    const token = x.slice(1, 0, 1).rearrange('b t d -> b (t d)') // [B, D]: the class token
    return {
      logits: s.linear('classifier', s.layerNorm('vit.layernorm', token, c.layer_norm_eps), classesOf(c), {
        bias: true,
      }),
    }
  },
})
