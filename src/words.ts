/** The closed sets of the design's words, as schemas; everything that is stored or sent uses these. */
import { z } from 'zod'

export const Precision = z.enum(['fp32', 'fp16', 'bf16', 'int8', 'int4', 'int4-symmetric'])
export type Precision = z.infer<typeof Precision>

export const Status = z.enum(['pass', 'fail', 'error', 'skip', 'inconclusive'])
export type Status = z.infer<typeof Status>

/** By whose fault something could not be run. */
export const Fault = z.enum(['device', 'reference', 'assay'])
export type Fault = z.infer<typeof Fault>

export const Category = z.enum(['llm', 'vision', 'onnx'])
export type Category = z.infer<typeof Category>

/** `engine:device[:index]`, for example `ort:cpu` or `torch:cuda:0`. */
export const DeviceId = z
  .string()
  .regex(/^[a-z][a-z0-9-]*:[a-z][a-z0-9-]*(:\d+)?$/, 'a device is written engine:device[:index], like ort:cpu')
export type DeviceId = z.infer<typeof DeviceId>

export const Form = z.enum(['onnx', 'huggingface'])
export type Form = z.infer<typeof Form>

/** Which operators a lowered graph may use: standard ONNX alone, or onnxruntime's fused ones too. */
export const Dialect = z.enum(['portable', 'ort'])
export type Dialect = z.infer<typeof Dialect>
