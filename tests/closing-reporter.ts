/** Ends a test run with what was skipped, why, and one line of counts; where CI=true a skipped test fails the run. */
import type { Reporter, TestCase, TestModule } from 'vitest/node'

export default class ClosingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap(module => [...module.children.allTests()])
    const passed = tests.filter(test => test.result().state === 'passed').length
    const failed = tests.filter(test => test.result().state === 'failed').length
    // A file that does not load, or a hook that throws, has no failed test to its name.
    const broken = modules.filter(module => module.state() === 'failed' && !hasFailedTest(module)).length
    const skipped = tests.filter(test => ['skipped', 'pending'].includes(test.result().state))
    const lines = [...skippedGroups(skipped)]
    if (skipped.length > 0)
      lines.push('What these need, and how to get it: CONTRIBUTING.md (Python packages, a browser, an sshd)')
    if (skipped.length > 0 && process.env['CI'] === 'true') {
      lines.push(`CI=true, and ${skipped.length} tests were skipped: nothing may be skipped in CI`)
      process.exitCode = 1
    }
    lines.push(`${passed} passed, ${failed + broken} failed, ${skipped.length} skipped`)
    process.stdout.write(`\n${lines.join('\n')}\n`)
  }
}

function hasFailedTest(module: TestModule): boolean {
  return [...module.children.allTests('failed')].length > 0
}

/** One line for each group of tests that was skipped as a whole; its name says why. */
function* skippedGroups(tests: readonly TestCase[]): Iterable<string> {
  const groups = Map.groupBy(tests, test => {
    const group = test.parent.type === 'suite' ? test.parent.fullName : test.name
    return `${test.module.relativeModuleId}: ${group}`
  })
  for (const [group, members] of groups) yield `skipped ${members.length}: ${group}`
}
