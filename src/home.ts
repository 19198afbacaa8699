import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where built graphs, references and the log of runs are kept: `ASSAY_HOME`, else the user's cache directory. */
export function assayHome(env: Readonly<Record<string, string | undefined>>): string {
  if (env['ASSAY_HOME']) return env['ASSAY_HOME']
  if (process.platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'assay')
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'assay')
  return join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'assay')
}
