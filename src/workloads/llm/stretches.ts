/** Rows of tokens, each from a different stretch of a text, which is repeated where it is too short. */
export function stretches(text: readonly number[], rows: number, length: number): number[][] {
  const stride = Math.max(1, Math.floor(text.length / rows))
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length }, (_, at) => text[(row * stride + at) % text.length] ?? 0),
  )
}
