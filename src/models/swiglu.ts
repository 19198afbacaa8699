/** The gated feed-forward network that Mistral and Qwen share: down(silu(gate(x)) * up(x)), arXiv:2002.05202. */
import type { Scope, Tensor } from '../graph/index.ts'

interface Widths {
  readonly hidden_size: number
  readonly intermediate_size: number
}

export function swiglu(s: Scope, c: Widths, x: Tensor): Tensor {
  const gate = s.linear('gate_proj', x, c.intermediate_size).silu()
  return s.linear('down_proj', gate.mul(s.linear('up_proj', x, c.intermediate_size)), c.hidden_size)
}
