/** Configs of `arch/NAME`: published or typical sizes that run with seeded weights, with no checkpoint. */
export interface CatalogueEntry {
  /** What config.json would say, `model_type`, or timm's `architecture`, included. */
  readonly config: Readonly<Record<string, unknown>>
  readonly summary: string
}

/** meta-llama/Meta-Llama-3-8B, config.json; the ids of its tokens left out, since nothing here reads text. */
const LLAMA_3_8B = {
  model_type: 'llama',
  architectures: ['LlamaForCausalLM'],
  attention_bias: false,
  hidden_act: 'silu',
  hidden_size: 4096,
  intermediate_size: 14336,
  max_position_embeddings: 8192,
  num_attention_heads: 32,
  num_hidden_layers: 32,
  num_key_value_heads: 8,
  rms_norm_eps: 1e-5,
  rope_theta: 500000,
  tie_word_embeddings: false,
  vocab_size: 128256,
} as const

/** microsoft/resnet-50, config.json; the names of ImageNet's classes left out. */
const RESNET = {
  model_type: 'resnet',
  architectures: ['ResNetForImageClassification'],
  downsample_in_first_stage: false,
  embedding_size: 64,
  hidden_act: 'relu',
  hidden_sizes: [256, 512, 1024, 2048],
  layer_type: 'bottleneck',
  num_labels: 1000,
} as const

/** The five sizes of YOLOv8 for COCO's 80 classes differ in depth, width and the channels of the last stages; its yolov8.yaml. */
const YOLOV8 = {
  model_type: 'yolov8',
  image_size: 640,
  num_labels: 80,
  reg_max: 16,
  strides: [8, 16, 32],
  score_threshold: 0.25,
  nms_threshold: 0.7,
} as const

export const catalogue = {
  'llama-125m': {
    summary: 'Llama with the width of GPT-2 small and grouped-query heads: the size of the speed benchmarks',
    config: {
      model_type: 'llama',
      architectures: ['LlamaForCausalLM'],
      hidden_size: 768,
      intermediate_size: 2048,
      vocab_size: 32000,
      num_hidden_layers: 12,
      num_attention_heads: 12,
      num_key_value_heads: 4,
      max_position_embeddings: 2048,
      rms_norm_eps: 1e-5,
      rope_theta: 10000,
      tie_word_embeddings: false,
    },
  },
  'llama-3-8b': {
    summary: 'Meta Llama 3 8B, as published',
    config: LLAMA_3_8B,
  },
  'llama-3-70b': {
    summary: 'Meta Llama 3 70B, as published',
    // meta-llama/Meta-Llama-3-70B, config.json
    config: {
      ...LLAMA_3_8B,
      hidden_size: 8192,
      intermediate_size: 28672,
      num_attention_heads: 64,
      num_hidden_layers: 80,
    },
  },
  'mistral-7b': {
    summary: 'Mistral 7B v0.1, as published: a sliding window of 4,096 tokens',
    // mistralai/Mistral-7B-v0.1, config.json
    config: {
      model_type: 'mistral',
      architectures: ['MistralForCausalLM'],
      hidden_act: 'silu',
      hidden_size: 4096,
      intermediate_size: 14336,
      max_position_embeddings: 32768,
      num_attention_heads: 32,
      num_hidden_layers: 32,
      num_key_value_heads: 8,
      rms_norm_eps: 1e-5,
      rope_theta: 10000,
      sliding_window: 4096,
      tie_word_embeddings: false,
      vocab_size: 32000,
    },
  },
  'gpt-neox-20b': {
    summary: 'GPT-NeoX 20B, as published: rotary on a quarter of each head, attention and feed-forward side by side',
    // EleutherAI/gpt-neox-20b, config.json; use_parallel_residual is its class's default
    config: {
      model_type: 'gpt_neox',
      architectures: ['GPTNeoXForCausalLM'],
      hidden_act: 'gelu_fast',
      hidden_size: 6144,
      intermediate_size: 24576,
      layer_norm_eps: 1e-5,
      max_position_embeddings: 2048,
      num_attention_heads: 64,
      num_hidden_layers: 44,
      rotary_emb_base: 10000,
      rotary_pct: 0.25,
      tie_word_embeddings: false,
      use_parallel_residual: true,
      vocab_size: 50432,
    },
  },
  gpt2: {
    summary: 'GPT-2 of 124 M, as published: learned positions, a tied head',
    // openai-community/gpt2, config.json; tie_word_embeddings is its class's default
    config: {
      model_type: 'gpt2',
      architectures: ['GPT2LMHeadModel'],
      activation_function: 'gelu_new',
      layer_norm_epsilon: 1e-5,
      n_ctx: 1024,
      n_embd: 768,
      n_head: 12,
      n_layer: 12,
      n_positions: 1024,
      tie_word_embeddings: true,
      vocab_size: 50257,
    },
  },
  resnet18: {
    summary: 'ResNet-18 for 1000 classes of 224 x 224 pixels, as published',
    // microsoft/resnet-18, config.json
    config: { ...RESNET, depths: [2, 2, 2, 2], hidden_sizes: [64, 128, 256, 512], layer_type: 'basic' },
  },
  resnet34: {
    summary: 'ResNet-34, as published',
    // microsoft/resnet-34, config.json
    config: { ...RESNET, depths: [3, 4, 6, 3], hidden_sizes: [64, 128, 256, 512], layer_type: 'basic' },
  },
  resnet50: {
    summary: 'ResNet-50, as published: the textbook classifier',
    // microsoft/resnet-50, config.json
    config: { ...RESNET, depths: [3, 4, 6, 3] },
  },
  resnet101: {
    summary: 'ResNet-101, as published',
    // microsoft/resnet-101, config.json
    config: { ...RESNET, depths: [3, 4, 23, 3] },
  },
  'vit-b-16': {
    summary: 'ViT-B/16 for 1000 classes of 224 x 224 pixels, as published: 196 patches and a class token',
    // google/vit-base-patch16-224, config.json
    config: {
      model_type: 'vit',
      architectures: ['ViTForImageClassification'],
      hidden_act: 'gelu',
      hidden_size: 768,
      image_size: 224,
      intermediate_size: 3072,
      layer_norm_eps: 1e-12,
      num_attention_heads: 12,
      num_hidden_layers: 12,
      num_labels: 1000,
      patch_size: 16,
      qkv_bias: true,
    },
  },
  'efficientnet-b0': {
    summary: 'EfficientNet-B0 for 1000 classes of 224 x 224 pixels, as published: squeeze and excitation, SiLU',
    config: { architecture: 'efficientnet_b0', num_classes: 1000 }, // timm's and torchvision's
  },
  'efficientnet-v2-s': {
    summary: 'EfficientNetV2-S for 1000 classes of 384 x 384 pixels, as published',
    config: { architecture: 'efficientnet_v2_s', num_classes: 1000 }, // torchvision's
  },
  'efficientnet-lite0': {
    summary: 'EfficientNet-Lite0 for 1000 classes of 224 x 224 pixels, as published: for devices of few operators',
    config: { architecture: 'tf_efficientnet_lite0', num_classes: 1000 }, // timm's
  },
  'fasterrcnn-resnet50-fpn-v2': {
    summary: "Faster R-CNN with ResNet-50 and a feature pyramid, torchvision's second version, for 800 x 800 pixels",
    // torchvision, fasterrcnn_resnet50_fpn_v2; its own names for what is not ResNet's
    config: {
      model_type: 'faster_rcnn',
      image_size: 800,
      num_labels: 91,
      depths: [3, 4, 6, 3],
      score_threshold: 0.05,
      nms_threshold: 0.5,
      detections_per_image: 100,
    },
  },
  yolov8n: {
    summary: 'YOLOv8 nano: detection of 80 classes in 640 x 640 pixels, as published',
    config: { ...YOLOV8, depth_multiple: 0.33, width_multiple: 0.25, max_channels: 1024 },
  },
  yolov8s: {
    summary: 'YOLOv8 small, as published',
    config: { ...YOLOV8, depth_multiple: 0.33, width_multiple: 0.5, max_channels: 1024 },
  },
  yolov8m: {
    summary: 'YOLOv8 medium, as published',
    config: { ...YOLOV8, depth_multiple: 0.67, width_multiple: 0.75, max_channels: 768 },
  },
  yolov8l: {
    summary: 'YOLOv8 large, as published',
    config: { ...YOLOV8, depth_multiple: 1, width_multiple: 1, max_channels: 512 },
  },
  yolov8x: {
    summary: 'YOLOv8 extra large, as published',
    config: { ...YOLOV8, depth_multiple: 1, width_multiple: 1.25, max_channels: 512 },
  },
} as const satisfies Record<string, CatalogueEntry>
