import type { Architecture } from '../graph/index.ts'
import { llama } from './llama.ts'

/** Every family that Assay knows; a new one is a file beside this one and a line here. */
export const architectures = { llama } satisfies Record<string, Pick<Architecture, 'types'>>
