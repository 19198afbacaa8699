import { cpus, release, totalmem, type } from 'node:os'
import type { HostDescription } from '../events/result.ts'
import { version } from '../version.ts'

/** The machine that runs Assay, and the versions of what runs on it. */
export function describeHost(): HostDescription {
  const processors = cpus()
  return {
    os: `${type()} ${release()} ${process.arch}`,
    cpu: processors[0]?.model.trim() ?? 'unknown',
    threads: processors.length,
    memoryBytes: totalmem(),
    versions: { assay: version, node: process.versions.node },
  }
}
