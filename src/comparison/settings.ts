/** What is not alike around the numbers: machine, versions, devices, the model itself. Said before any number. */
import type { ResultDocument } from '../events/result.ts'
import { formatBytes } from '../reporters/format.ts'
import type { Finding } from './document.ts'
import { pairUnits, type RunSide } from './run-side.ts'

export function settingFindings(a: RunSide, b: RunSide): Finding[] {
  const [ours, theirs] = [a.result, b.result]
  return [
    ...hostDifferences(ours, theirs),
    ...referenceDifference(ours, theirs),
    ...deviceDifferences(a, b),
    ...modelDifferences(a, b),
    ...unfinished('A', ours),
    ...unfinished('B', theirs),
    ...apart(a, b),
    ...withoutSamples(a, b),
  ].map(sentence => ({ kind: 'setting', change: 'neutral', about: null, sentence }))
}

function differs(what: string, a: string, b: string): string[] {
  return a === b ? [] : [`${what}: ${a} in A, ${b} in B`]
}

function hostDifferences({ host: a }: ResultDocument, { host: b }: ResultDocument): string[] {
  return [
    ...differs('another processor', a.cpu, b.cpu),
    ...differs('another number of threads', String(a.threads), String(b.threads)),
    ...differs('another size of memory', formatBytes(a.memoryBytes), formatBytes(b.memoryBytes)),
    ...differs('another system', a.os, b.os),
    ...recordDifferences('another version of', a.versions, b.versions),
  ]
}

function recordDifferences(
  what: string,
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap(name =>
    differs(`${what} ${name}`, a[name] ?? 'none', b[name] ?? 'none'),
  )
}

function referenceDifference({ reference: a }: ResultDocument, { reference: b }: ResultDocument): string[] {
  return differs('another reference', `${a.device} ${a.precision}`, `${b.device} ${b.precision}`)
}

/** Of the devices that the compared units ran on. */
function deviceDifferences(a: RunSide, b: RunSide): string[] {
  const pairs = new Map(
    pairUnits(a, b).flatMap(pair => (pair.a && pair.b ? [[pair.a.device, pair.b.device] as const] : [])),
  )
  return [...pairs].flatMap(([one, two]) => {
    const [ours, theirs] = [describe(a.result, one), describe(b.result, two)]
    const name = one === two ? one : `${one} and ${two}`
    const shown =
      one === two ? recordDifferences(`${one}: another`, ours?.properties ?? {}, theirs?.properties ?? {}) : []
    return [
      ...(one === two ? [] : [`two devices: ${one} in A, ${two} in B`]),
      ...differs(`${name}: another device`, ours?.name ?? 'unknown', theirs?.name ?? 'unknown'),
      ...shown,
    ]
  })
}

function describe({ devices }: ResultDocument, id: string) {
  return devices.find(device => device.id === id)
}

function modelDifferences(a: RunSide, b: RunSide): string[] {
  const names = pairUnits(a, b).flatMap(({ a: one, b: two }) => {
    const [ours, theirs] = [one?.fingerprint ?? null, two?.fingerprint ?? null]
    return one !== undefined && ours !== null && theirs !== null && ours !== theirs ? [one.model] : []
  })
  return [...new Set(names)].map(model => `${model} is another model: its config or weights differ (fingerprints)`)
}

function unfinished(side: string, { complete }: ResultDocument): string[] {
  return complete ? [] : [`${side} is not complete: units are missing`]
}

/** A machine is not the same from one hour to the next; that lies in no sample of either run. */
function apart(a: RunSide, b: RunSide): string[] {
  const isTimed = [a, b].every(({ result }) => result.units.some(unit => unit.benchmarks.length > 0))
  if (!isTimed || a.result.run === b.result.run) return []
  const [ours, theirs] = [a, b].map(({ result }) => result.startedAt.slice(0, 19).replace('T', ' '))
  return [
    `the times were not taken in turn: A began at ${ours}, B at ${theirs} (UTC); what changed on the machine in between is in every ratio`,
  ]
}

function withoutSamples(a: RunSide, b: RunSide): string[] {
  const lacking = [a, b].flatMap(({ samples, name, result }) =>
    samples === null && result.units.some(unit => unit.benchmarks.length > 0) ? [name] : [],
  )
  if (lacking.length === 0) return []
  return [
    `only medians can be compared: a result document keeps no samples (${[...new Set(lacking)].join(', ')}); ` +
      'a log does (`assay report RUN --format log -o run.jsonl`)',
  ]
}
