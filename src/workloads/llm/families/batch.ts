import { stretches } from '../stretches.ts'
import { type Asked, type CaseFamily, runningText } from './family.ts'
import { given, rowOf } from './rows.ts'

const TOKENS = 24
/** Sizes of batches, and the row's place in each. Runtimes choose kernels by size, and split work at a row's place. */
const PLACES = [
  { batch: 2, row: 0 },
  { batch: 4, row: 3 },
  { batch: 8, row: 4 },
] as const

/** A row alone, `logits`, and among others of its length, `logits_batched`; [1, tokens, vocabulary]. */
export const batch: CaseFamily = {
  cases(material) {
    const text = runningText(material)
    if (text.length === 0) return 'there is no text to take rows from'
    return PLACES.map(({ batch, row }): Asked => {
      const rows = stretches(text, batch, Math.min(TOKENS, material.limits.positions))
      return { name: `row-${row + 1}-of-${batch}`, tokens: rows[row] ?? [], beside: { batch_ids: rows, row: [[row]] } }
    })
  },

  async observe(model, { beside }, { input_ids: alone, batch_ids: together }) {
    if (!alone || !together) throw new Error('a batch case without its rows')
    const [row = 0] = beside?.['row']?.[0] ?? []
    const [rows = 0, width = 0] = together.shape
    const { logits } = await model.run({ input_ids: alone })
    const batched = await model.run({ input_ids: together })
    return given({ logits, logits_batched: rowOf(batched['logits'], { rows, width, row }) })
  },

  ofGolden: null,
}
