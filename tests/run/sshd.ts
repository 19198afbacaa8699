/** A real sshd on this machine's loopback, for one test file: its own keys, a high port, everything in one folder. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const SSHD = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd'].find(existsSync)

/** Why there is none to be had here, and how to get it; null where there is. */
export const missingSshd: string | null =
  SSHD === undefined || spawnSync('ssh', ['-V']).error !== undefined
    ? 'no sshd here: apt-get install openssh-server'
    : null

export interface Sshd {
  /** Program and options that lead to this machine; a remote command follows. */
  readonly ssh: readonly string[]
  readonly pid: number
  stop(): Promise<void>
}

/** Listens once this resolves. `folder` is new and the caller's to remove. */
export async function startSshd(folder: string): Promise<Sshd> {
  if (SSHD === undefined) throw new Error(missingSshd ?? '')
  const file = (name: string) => join(folder, name)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const key of ['host', 'client']) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(key)])
  writeFileSync(file('authorized'), readFileSync(file('client.pub')), { mode: 0o600 })
  // Where sshd as root leaves its rights behind; its package makes it when the service starts.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  const port = await freePort()
  const settings = {
    Port: port,
    ListenAddress: '127.0.0.1',
    HostKey: file('host'),
    AuthorizedKeysFile: file('authorized'),
    PidFile: 'none',
    StrictModes: 'no', // the folder lies in /tmp
    UsePAM: 'no',
    PasswordAuthentication: 'no',
    PermitRootLogin: 'prohibit-password',
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}\n`)
  writeFileSync(file('config'), lines.join(''))
  const child = spawn(SSHD, ['-D', '-e', '-f', file('config')], { stdio: ['ignore', 'ignore', 'pipe'] })
  await listening(child)
  const options = {
    BatchMode: 'yes',
    ConnectTimeout: 10,
    StrictHostKeyChecking: 'accept-new',
    UserKnownHostsFile: file('known'),
    IdentitiesOnly: 'yes',
  }
  return {
    ssh: [
      ...['ssh', '-F', 'none', '-i', file('client'), '-p', String(port)],
      ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
      `${userInfo().username}@127.0.0.1`,
    ],
    pid: child.pid ?? 0,
    async stop() {
      const exited = once(child, 'exit')
      child.kill()
      await exited
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port')
  return address.port
}

async function listening({ stderr }: ChildProcess): Promise<void> {
  if (stderr === null) throw new Error('sshd was spawned with a pipe')
  const said: string[] = []
  for await (const line of createInterface({ input: stderr })) {
    if (line.startsWith('Server listening')) {
      stderr.resume() // so that it never waits for a reader
      return
    }
    said.push(line)
  }
  throw new Error(`sshd did not start:\n${said.join('\n')}`)
}

/** A process of this machine, as /proc has it. */
export interface Process {
  readonly pid: number
  readonly parent: number
  readonly words: readonly string[]
  readonly environment: string
}

/** Every process that can be looked into; Linux alone. */
export function processes(): Process[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(pid => {
      const read = (what: string) => readFileSync(join('/proc', pid, what), 'latin1')
      try {
        const stat = read('stat')
        // proc(5): pid (comm) state ppid; comm may hold spaces and brackets.
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
        const words = read('cmdline').split('\0')
        return [{ pid: Number(pid), parent, words, environment: read('environ') }]
      } catch {
        return [] // it ended meanwhile, or is another user's
      }
    })
}

/** The processes below one, children of children too. */
export function descendants(pid: number): Process[] {
  const all = processes()
  const below = (parent: number): Process[] =>
    all.filter(child => child.parent === parent).flatMap(child => [child, ...below(child.pid)])
  return below(pid)
}
