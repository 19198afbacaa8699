/** What a worker asks of a model's thread in the page: the protocol's calls, and where a model's files are to be fetched. */
import type { Params } from '../../protocol/messages.ts'

interface Call<M extends 'load' | 'run' | 'generate' | 'measure'> {
  readonly id: number
  readonly method: M
  readonly params: Params<M>
}

export type PageCall =
  | (Call<'load'> & {
      readonly url: string
      /** Files of weights: `path` as the model names it. */
      readonly externalData: readonly { readonly path: string; readonly url: string }[]
    })
  | Call<'run'>
  | Call<'generate'>
  | Call<'measure'>
