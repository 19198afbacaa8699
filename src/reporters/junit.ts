/**
 * JUnit XML, as CI systems read it: a suite for each unit, a case for each check and each point of a benchmark.
 *
 * JUnit has no standard. Elements and attributes are those of the Jenkins xUnit plugin's schema (junit-10.xsd), which
 * GitLab, GitHub's actions, Azure DevOps and CircleCI read too; times are in seconds with three decimals, as it asks.
 */
import type { BenchmarkPoint, CheckResult, ResultDocument, UnitResult } from '../events/result.ts'
import { fullPointName } from '../events/shape.ts'
import { combine } from '../events/verdict.ts'
import type { Status } from '../words.ts'
import { boundedMetrics } from './bounded.ts'
import { formatMeasured, formatMetric, formatThreshold, metricLabel } from './format.ts'
import type { Reporter } from './reporter.ts'
import { MEANINGS, reproduce, resume, unitName, WHOSE } from './units.ts'
import { element, type XmlElement, xmlDocument } from './xml.ts'

export const junit: Reporter = {
  name: 'junit',
  extension: 'xml',
  render: result => xmlDocument(testSuites(result)),
}

interface TestCase {
  readonly name: string
  readonly status: Status
  readonly reason: string | null
  readonly durationMs: number
  /** What was measured, a line each. */
  readonly measured: readonly string[]
}

interface Suite {
  readonly name: string
  readonly durationMs: number
  readonly properties: Readonly<Record<string, string | number | null>>
  readonly cases: readonly TestCase[]
  /** What a person may run to see it again. */
  readonly command: string
}

function testSuites(result: ResultDocument): XmlElement {
  const suites = [
    ...result.units.map(unit => unitSuite(unit, result)),
    ...(result.complete ? [] : [unfinished(result)]),
  ]
  const cases = suites.flatMap(suite => suite.cases)
  const { tests, failures, errors } = counts(cases)
  const time = seconds(suites.reduce((sum, suite) => sum + suite.durationMs, 0))
  return element(
    'testsuites',
    { name: result.plan, tests, failures, errors, time },
    suites.map((suite, index) => suiteElement(suite, index, result)),
  )
}

function suiteElement({ name, durationMs, properties, cases, command }: Suite, index: number, result: ResultDocument) {
  const attributes = {
    ...{ name, id: index, ...counts(cases), time: seconds(durationMs) },
    // Without its zone and its fraction, as xs:dateTime in these files usually is; it is in UTC.
    timestamp: result.startedAt.replace(/(\.\d+)?Z$/, ''),
  }
  const known = Object.entries(properties).filter(([, value]) => value !== null)
  return element('testsuite', attributes, [
    element(
      'properties',
      {},
      known.map(([key, value]) => element('property', { name: key, value: value ?? '' })),
    ),
    ...cases.map(each => caseElement(each, name, command)),
  ])
}

function caseElement({ name, status, reason, durationMs, measured }: TestCase, suite: string, command: string) {
  return element('testcase', { name, classname: suite, time: seconds(durationMs) }, [
    ...outcome(status, reason ?? MEANINGS[status], command),
    ...(measured.length === 0 ? [] : [element('system-out', {}, [`${measured.join('\n')}\n`])]),
  ])
}

/** `inconclusive` is an error: the exit code counts it as one, and a green job would claim what nobody knows. */
function outcome(status: Status, reason: string, command: string): XmlElement[] {
  const again = `${reason}\n\nRun it alone: ${command}\n`
  switch (status) {
    case 'pass':
      return []
    case 'fail':
      return [element('failure', { type: status, message: reason }, [again])]
    case 'error':
    case 'inconclusive':
      return [element('error', { type: status, message: reason }, [again])]
    case 'skip':
      return [element('skipped', { message: reason })]
  }
}

function counts(cases: readonly TestCase[]) {
  const count = (...statuses: Status[]) => cases.filter(({ status }) => statuses.includes(status)).length
  return {
    tests: cases.length,
    failures: count('fail'),
    errors: count('error', 'inconclusive'),
    skipped: count('skip'),
  }
}

function unitSuite(unit: UnitResult, result: ResultDocument): Suite {
  const points = unit.benchmarks.flatMap(({ name, points }) => points.map(point => pointCase(name, point)))
  const parts = [...unit.checks.map(checkCase), ...points]
  const timedMs = points.reduce((sum, point) => sum + point.durationMs, 0)
  const { model, device, precision, attempts, fingerprint, parameters, placement, remarks, loadMs } = unit
  return {
    name: unitName(unit),
    durationMs: unit.durationMs,
    properties: {
      ...{ run: result.run, model, device, precision, attempts, fingerprint, parameters, loadMs },
      computedIn: placement === null ? null : placement.computedIn.join(', '),
      reference: `${result.reference.device} ${result.reference.precision}`,
      remarks: remarks.length === 0 ? null : remarks.join('\n'),
      host: `${result.host.cpu}, ${result.host.os}`,
    },
    cases: [runCase(unit, Math.max(0, unit.durationMs - timedMs)), ...parts],
    command: reproduce(unit),
  }
}

/**
 * That the unit could be run at all. It has what the parts have not: the time to load and to compute what the checks
 * judge, and what kept the unit from its end.
 */
function runCase({ status, reason, fault, checks, benchmarks }: UnitResult, durationMs: number): TestCase {
  const parts = [...checks, ...benchmarks].map(part => part.status)
  const isOwn = fault !== null || combine(parts) !== status || parts.length === 0
  const blamed = fault === null ? reason : `by fault of ${WHOSE[fault]}: ${reason ?? status}`
  return { name: 'run', status: isOwn ? status : 'pass', reason: isOwn ? blamed : null, durationMs, measured: [] }
}

/** Checks compare what the unit computed before, so that their own time is none. */
function checkCase(check: CheckResult): TestCase {
  const { name, status, reason } = check
  const measured = boundedMetrics(check).map(
    ({ metric, value, threshold, isMet }) =>
      `${metricLabel(metric)}: ${formatMeasured(metric, value, threshold)}, must be ${formatThreshold(metric, threshold)}${isMet === false ? ', not met' : ''}`,
  )
  return { name, status, reason, durationMs: 0, measured }
}

function pointCase(benchmark: string, point: BenchmarkPoint): TestCase {
  const { status, reason, metrics, figures } = point
  const summaries = Object.entries(metrics).map(([metric, summary]) =>
    summary === null ? '' : `${metricLabel(metric)}: median ${formatMetric(metric, summary.median)}`,
  )
  const single = Object.entries(figures).map(([metric, value]) =>
    value === null ? '' : `${metricLabel(metric)}: ${formatMetric(metric, value)}`,
  )
  const { count = 0, mean = 0 } = metrics['e2eMs'] ?? {}
  return {
    name: `${benchmark}, ${fullPointName(benchmark, point)}`,
    status,
    reason,
    durationMs: count * mean,
    measured: [...summaries, ...single].filter(line => line !== ''),
  }
}

/** Units that are missing have no suite, so a run that was cut off says so itself. */
function unfinished(result: ResultDocument): Suite {
  const reason = 'the run is not complete: units are missing'
  return {
    name: `run ${result.run}`,
    durationMs: 0,
    properties: { run: result.run },
    cases: [{ name: 'complete', status: 'error', reason, durationMs: 0, measured: [] }],
    command: resume(result),
  }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3)
}
