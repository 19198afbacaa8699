/** Every command, in the order of the help; a new one is a file beside this one and a line here. */
import type { Command } from '../command.ts'
import { bench } from './bench.ts'
import { compare } from './compare.ts'
import { devices } from './devices.ts'
import { engineCheck } from './engine-check.ts'
import { exportModel } from './export.ts'
import { goldenCapture } from './golden-capture.ts'
import { goldenShow } from './golden-show.ts'
import { goldenVerify } from './golden-verify.ts'
import { history } from './history.ts'
import { models } from './models.ts'
import { parity } from './parity.ts'
import { report } from './report.ts'
import { repro } from './repro.ts'
import { run } from './run.ts'
import { worker } from './worker.ts'

export const commands: readonly Command[] = [
  run,
  parity,
  bench,
  compare,
  devices,
  models,
  history,
  report,
  exportModel,
  repro,
  goldenCapture,
  goldenVerify,
  goldenShow,
  engineCheck,
  worker,
]

/** Commands of two words, by their first. */
export const FAMILIES: Readonly<Record<string, string>> = {
  golden: 'stored reference outputs: capture, verify, show',
  engine: 'does your own worker speak the protocol? check',
}
