import type { z } from 'zod'
import { AssayError } from '../errors.ts'
import type { Architecture, Graph } from '../graph/index.ts'
import { architectures } from '../models/index.ts'

/** The architecture of a config.json by its `model_type`, or timm's `architecture`. Throws AssayError('architecture-unsupported') naming those known. */
function architectureOf(config: Readonly<Record<string, unknown>>, where: string): Architecture {
  const type = config['model_type'] ?? config['architecture'] // timm's word
  const known = Object.values<Architecture>(architectures)
  const found = known.find(({ types }) => types.some(name => name === type))
  if (found) return found
  throw new AssayError(
    'architecture-unsupported',
    typeof type === 'string' ? `architecture '${type}' is not supported` : 'config.json says no model_type',
    { where, hint: `supported: ${Object.keys(architectures).join(', ')}; docs/models.md has their other names` },
  )
}

/** The traced model of a config.json's content. */
export function traceConfig(config: Readonly<Record<string, unknown>>, where: string): Graph {
  const read = architectureOf(config, where).read(config)
  if ('issues' in read) throw new AssayError('config-invalid', issueText(read.issues), { where })
  try {
    return read.trace()
  } catch (error) {
    // Shapes that do not fit are the config's fault; the graph language names the place.
    throw new AssayError('config-invalid', error instanceof Error ? error.message : String(error), { where })
  }
}

function issueText(issues: readonly z.core.$ZodIssue[]): string {
  return issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message)).join('; ')
}
