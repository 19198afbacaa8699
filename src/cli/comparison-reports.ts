/** The files that `assay compare --report` writes. */
import { extname } from 'node:path'
import { type ComparisonDocument, renderMarkdown } from '../comparison/index.ts'
import { AssayError } from '../errors.ts'
import { checkWritable } from './report-file.ts'

type Render = (comparison: ComparisonDocument) => string

const RENDERERS: ReadonlyMap<string, Render> = new Map<string, Render>([
  ['.md', renderMarkdown],
  ['.json', comparison => `${JSON.stringify(comparison, null, 2)}\n`],
])

export interface ComparisonReport {
  readonly path: string
  readonly render: Render
}

/** Each file with what writes it. Throws AssayError `argument-invalid` for another ending, `file-unwritable`. */
export function reportsOf(paths: readonly string[]): ComparisonReport[] {
  return paths.map(path => {
    const render = RENDERERS.get(extname(path).toLowerCase())
    if (render === undefined)
      throw new AssayError('argument-invalid', 'no report of a comparison has this ending', {
        where: path,
        hint: `endings: ${[...RENDERERS.keys()].join(', ')}`,
      })
    checkWritable(path, 'give a file in a folder that exists')
    return { path, render }
  })
}
