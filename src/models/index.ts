import type { Architecture } from '../graph/index.ts'
import { efficientnet } from './efficientnet.ts'
import { efficientnetV2 } from './efficientnet_v2.ts'
import { fasterRcnn } from './faster_rcnn.ts'
import { gptNeox } from './gpt_neox.ts'
import { gpt2 } from './gpt2.ts'
import { llama } from './llama.ts'
import { mistral } from './mistral.ts'
import { qwen2 } from './qwen2.ts'
import { qwen3 } from './qwen3.ts'
import { resnet } from './resnet.ts'
import { vit } from './vit.ts'
import { yolov8 } from './yolov8.ts'

/** Every family that Assay knows; a new one is a file beside this one and a line here. */
export const architectures = {
  efficientnet,
  efficientnet_v2: efficientnetV2,
  faster_rcnn: fasterRcnn,
  gpt2,
  gpt_neox: gptNeox,
  llama,
  mistral,
  qwen2,
  qwen3,
  resnet,
  vit,
  yolov8,
} satisfies Record<string, Architecture>
