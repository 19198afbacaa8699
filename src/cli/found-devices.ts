/** What was found here, and what was not, as `assay devices` shows it. */
import type { EngineProblem } from '../plan/resolve.ts'
import type { DeviceDescription } from '../protocol/messages.ts'
import { formatBytes } from '../reporters/format.ts'
import type { Discovered } from '../runner/discovery.ts'
import type { Output } from './output.ts'
import { renderTable } from './table.ts'

export function foundDevices({ devices, problems }: Discovered, output: Output): string {
  return [devices.length === 0 ? 'No device was found here.' : table(devices, output), ...absent(problems)].join('\n')
}

function table(devices: readonly DeviceDescription[], output: Output): string {
  return renderTable(
    [
      { header: ['device'] },
      { header: ['kind'] },
      { header: ['memory'], align: 'right' },
      { header: ['precisions'] },
      { header: ['name'], isFlexible: true },
    ],
    devices.map(({ id, kind, memoryBytes, precisions, name }) => [
      id,
      kind,
      formatBytes(memoryBytes),
      precisions.join(' '),
      name,
    ]),
    output,
  )
}

/** The engines that would be here too, and how to get them. */
function absent(problems: readonly EngineProblem[]): string[] {
  const missing = problems.filter(({ isAbsent }) => isAbsent)
  return missing.length === 0
    ? []
    : ['', 'Not here:', ...missing.map(({ engine, message }) => `  ${engine}: ${message}`)]
}
