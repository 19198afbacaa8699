import { z } from 'zod'
import { ResultDocument } from '../events/result.ts'
import type { Reporter } from './reporter.ts'

/** The result document itself, for machines. */
export const json: Reporter = {
  name: 'json',
  extension: 'json',
  render: result => `${JSON.stringify(result, null, 2)}\n`,
}

/** The JSON Schema of the result document. */
export function jsonSchema(): unknown {
  return {
    $id: 'https://assay.dev/schema/assay-run-1.json',
    title: 'Assay run result',
    ...z.toJSONSchema(ResultDocument),
  }
}
