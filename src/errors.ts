/** Stable names of what a user can get wrong. A code never changes its meaning. */
export type ErrorCode =
  | 'plan-invalid'
  | 'model-not-found'
  | 'model-invalid'
  | 'architecture-unsupported'
  | 'config-invalid'
  | 'weights-invalid'
  | 'weight-mismatch'
  | 'onnx-invalid'
  | 'onnx-unsupported'
  | 'tokenizer-invalid'
  | 'dataset-invalid'
  | 'image-invalid'
  | 'device-unknown'
  | 'device-unavailable'
  | 'engine-failed'
  | 'protocol-invalid'
  | 'golden-invalid'
  | 'golden-mismatch'
  | 'run-not-found'
  | 'store-invalid'
  | 'log-invalid'
  | 'argument-invalid'
  | 'file-unwritable'

/** Where an error lies, and what to do about it. */
export interface ErrorPlace {
  /** File, line, key or path inside a document: `plan.yaml:12: units[0].device`. */
  readonly where?: string
  /** One sentence of what to do. */
  readonly hint?: string
}

/** An error that a user can cause: one sentence of what is wrong, where, and what to do. Printed without a stack. */
export class AssayError extends Error {
  readonly code: ErrorCode
  readonly where: string | undefined
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, place: ErrorPlace = {}) {
    super(message)
    this.name = 'AssayError'
    this.code = code
    this.where = place.where
    this.hint = place.hint
  }
}
