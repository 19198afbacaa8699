/** Engines that a command line names, as a plan would: `--engine 'lab7=ssh lab7 assay worker ort'`. */
import { AssayError } from '../errors.ts'
import type { EngineSpec } from '../plan/schema.ts'
import { eachOption, type Reader } from './option.ts'

type NamedEngine = readonly [name: string, spec: EngineSpec]

const namedEngine: Reader<NamedEngine> = (text, flag) => {
  const [, name, words] = /^([a-z][a-z0-9-]{0,63})=\s*(\S.*)$/s.exec(text) ?? []
  if (name === undefined || words === undefined)
    throw new AssayError('argument-invalid', `'${text}' names no engine`, {
      where: flag,
      hint: `NAME=COMMAND, the name in lower case: ${flag} 'lab7=ssh lab7 assay worker ort'`,
    })
  return [name, { command: words.trim().split(/\s+/), stdio: true }]
}

/** Such an engine always speaks over standard streams: what is named here is reached through a program like ssh. */
export const namedEngines = eachOption(
  '--engine <name=command>',
  "a worker behind a command, split at spaces, over its standard streams: 'lab7=ssh lab7 assay worker ort' gives the devices lab7:...; may be given several times",
  namedEngine,
)

/** As a plan has them. @throws AssayError `argument-invalid` for two of one name */
export function engineSpecs(engines: readonly NamedEngine[]): Record<string, EngineSpec> {
  const specs: Record<string, EngineSpec> = {}
  for (const [name, spec] of engines) {
    if (Object.hasOwn(specs, name))
      throw new AssayError('argument-invalid', `two engines are named ${name}`, { where: '--engine' })
    specs[name] = spec
  }
  return specs
}
