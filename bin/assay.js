#!/usr/bin/env node
// The launcher of the published package and of a checkout. Old JavaScript: an old Node must get as far as the
// message that it is too old.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const NEEDED = 24
const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const source = join(root, 'src', 'cli', 'main.ts')
// A checkout may hold an old build; the published package holds nothing else.
const main = existsSync(source) ? source : join(root, 'dist', 'cli', 'main.js')
// The Node that `npm ci` brings into a checkout.
const ownNode = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

if (Number(process.versions.node.split('.')[0]) >= NEEDED) {
  // Node keeps what it compiled (and stripped of types) in the temporary directory: the next start takes a third of it.
  if (nodeModule.enableCompileCache) nodeModule.enableCompileCache()
  import(pathToFileURL(main).href)
} else if (existsSync(ownNode)) runAgain()
else {
  process.stderr.write(
    `error: Assay needs Node ${NEEDED} or newer, and this is ${process.version}\n hint: https://nodejs.org\n`,
  )
  process.exit(2)
}

function runAgain() {
  // A worker's frames travel on descriptors 3 and 4.
  const frames = process.env.ASSAY_FDS === undefined ? [] : [3, 4]
  const child = spawn(ownNode, [fileURLToPath(import.meta.url)].concat(process.argv.slice(2)), {
    stdio: ['inherit', 'inherit', 'inherit'].concat(frames),
  })
  const pass = signal => child.kill(signal)
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const signal of signals) process.on(signal, pass)
  child.on('error', error => {
    process.stderr.write(`error: ${ownNode} could not be started: ${error.message}\n`)
    process.exit(2)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    for (const name of signals) process.off(name, pass)
    process.kill(process.pid, signal)
  })
}
