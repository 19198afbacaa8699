import { defineCommand } from '../command.ts'
import { EXIT } from '../exit-code.ts'
import { option } from '../option.ts'
import { count } from '../readers.ts'

const LIMIT = 20

export const history = defineCommand({
  name: 'history',
  group: 'Look around:',
  summary: 'the runs that were made here, newest first',
  arguments: {},
  options: { limit: option('-n, --limit <n>', `at most this many runs (default: ${LIMIT})`, count) },
  examples: [
    { command: 'history', about: `the last ${LIMIT} runs` },
    { command: 'history --limit 1 --json', about: 'the last one, for a script' },
  ],
  async handler({ limit }, context) {
    const { output } = context
    const { hasStore, withStore } = await import('../store.ts')
    const runs = hasStore(context) ? await withStore(context, store => store.runs(limit ?? LIMIT)) : []
    const { formatDuration } = await import('../../reporters/format.ts')
    const { renderTable } = await import('../table.ts')
    const { countsOf } = await import('../counts.ts')
    const documents = runs.map(({ planSource: _, ...run }) => ({
      ...run,
      startedAt: new Date(run.startedMs).toISOString(),
    }))
    output.answer({ runs: documents }, () =>
      documents.length === 0
        ? 'No run is recorded here yet; `assay run` makes one.'
        : renderTable(
            [
              { header: ['run'] },
              { header: ['started'] },
              { header: ['took'], align: 'right' },
              { header: ['verdict'] },
              { header: ['units'] },
              { header: ['plan'], isFlexible: true },
            ],
            documents.map(({ id, startedAt, durationMs, phase, verdict, counts, units, plan }) => [
              id,
              `${startedAt.slice(0, 16).replace('T', ' ')}Z`,
              formatDuration(durationMs),
              phase === 'ended' ? verdict : 'unfinished',
              countsOf(counts, units),
              plan,
            ]),
            output,
          ),
    )
    return EXIT.pass
  },
})
