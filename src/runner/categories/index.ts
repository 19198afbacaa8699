/** How the models of each category are run; a new category is a file beside this one and a line here. */
import type { Model } from '../../build/model.ts'
import type { Category } from '../../words.ts'
import type { CategoryRunner } from './category.ts'
import { llm } from './llm.ts'
import { onnx } from './onnx.ts'
import { vision } from './vision.ts'

const categories = { llm, vision, onnx } satisfies { [C in Category]: CategoryRunner<Extract<Model, { kind: C }>> }

export function runnerOf({ kind }: Model): CategoryRunner<Model> {
  return categories[kind]
}
