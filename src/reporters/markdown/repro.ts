/** The README of a folder that shows a failed check again. */
import type { CheckResult, ResultDocument, UnitResult } from '../../events/result.ts'
import { unitName } from '../units.ts'
import { checksPart } from './checks.ts'
import { signed } from './sign.ts'
import { bold, code, escapeMarkdown, inline, markdownTable } from './text.ts'

export interface ReproFile {
  readonly name: string
  readonly about: string
}

export interface ReproStory {
  readonly result: ResultDocument
  readonly unit: UnitResult
  /** As the run judged it, and as it was judged for the folder. */
  readonly failed: CheckResult
  readonly again: CheckResult
  readonly files: readonly ReproFile[]
  readonly command: string
  readonly model: { readonly reference: string; readonly isCopied: boolean; readonly fingerprint: string }
}

export function reproReadme({ result, unit, failed, again, files, command, model }: ReproStory): string {
  const { run, startedAt, host, devices, reference } = result
  const device = devices.find(({ id }) => id === unit.device)
  const properties = Object.entries(device?.properties ?? {}).map(([name, value]) => `${name} ${value}`)
  const versions = Object.entries(host.versions).map(([name, version]) => `${name} ${version}`)
  const table = markdownTable(
    [{ head: 'file' }, { head: 'is' }],
    files.map(({ name, about }) => [code(name), about]),
  )
  const isShown = again.status === 'fail'
  return `${[
    `# ${signed('fail', escapeMarkdown(`${failed.name}: ${unitName(unit)}`))}`,
    escapeMarkdown(failed.reason ?? failed.status),
    '## Show it again',
    `In this folder, with the device in reach:\n\n    ${command}`,
    isShown
      ? 'Exit code 1: the check fails again. 0 means that it passes now.'
      : inline(bold('It did not fail again'), ' when this folder was made: ', again.reason ?? again.status, '.'),
    ...(model.isCopied
      ? []
      : [
          inline(
            'The model is not in the folder: ',
            code(model.reference),
            ', fingerprint ',
            code(model.fingerprint),
            '.',
          ),
        ]),
    'A run keeps numbers and not tensors: both sides were computed again for this folder, for the cases that failed. The `.safetensors` files are goldens (docs/goldens.md of Assay), which any tool reads: `case/ID/in/NAME` and `case/ID/out/NAME`.',
    table ?? '',
    '## What was measured for this folder',
    ...checksPart([again]),
    '## Where',
    [
      inline('- run ', code(run), `, ${startedAt.slice(0, 16).replace('T', ' ')} UTC, plan `, code(result.plan)),
      inline(
        '- device ',
        code(unit.device),
        `: ${[device?.name ?? '', ...properties].filter(text => text !== '').join(' · ')}`,
      ),
      inline(
        '- judged against ',
        failed.reference ?? 'itself',
        `; the reference of the run is ${reference.device} ${reference.precision}`,
      ),
      ...(unit.placement === null ? [] : [inline('- computed in ', unit.placement.computedIn.join(', '))]),
      inline(`- host: ${host.cpu}, ${host.os}; ${versions.join(', ')}`),
      ...unit.remarks.map(remark => inline('- ', remark)),
    ].join('\n'),
  ].join('\n\n')}\n`
}
