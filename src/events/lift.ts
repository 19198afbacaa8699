/** Benchmark points, saturations and shapes of documents and logs of before, when text generation was the only benchmark, as today's. */

type Fields = Readonly<Record<string, unknown>>

/** A point whose shape stood among its other fields; anything else as it is. */
export function liftPoint(value: unknown): unknown {
  if (!isOfBefore(value)) return value
  const { prefillPassTokens, audit, figures, roofline, ...rest } = value
  const taken = typeof prefillPassTokens === 'number' ? { prefillPassTokens } : {}
  return {
    ...withShape(rest),
    figures: isFields(figures) ? { ...figures, ...taken } : figures,
    audit: isFields(audit) ? liftAudit(audit) : audit,
    roofline: roofline ?? {},
  }
}

export function liftSaturation(value: unknown): unknown {
  if (!isOfBefore(value)) return value
  const { tokensPerSecond, ...rest } = withShape(value)
  return { ...rest, throughput: tokensPerSecond }
}

/** A shape's axes; one that the engine chose stood there as null. */
export function liftShape(value: unknown): unknown {
  return isFields(value) ? withoutNulls(value) : value
}

function liftAudit({ tokens, ...rest }: Fields): Fields {
  return { ...rest, outputs: tokens }
}

function withShape({ inputTokens, outputTokens, prefillChunk, ...rest }: Fields): Fields {
  return { ...rest, shape: withoutNulls({ inputTokens, outputTokens, prefillChunk }) }
}

function withoutNulls(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined))
}

function isOfBefore(value: unknown): value is Fields {
  return isFields(value) && 'inputTokens' in value && !('shape' in value)
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
