import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    setupFiles: ['./tests/own-processors.ts'],
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
    // Progress for a person; the closing reporter names what was skipped, and in CI lets nothing be skipped.
    reporters: ['default', './tests/closing-reporter.ts'],
    // Two files at a time: most wait for processes of their own, and on two cores this is a fifth faster than one. More would only wait for each other.
    maxWorkers: Math.min(2, availableParallelism()),
    // As bin/assay.js does for its user: what one process has stripped of types and compiled, the hundreds after it need not.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'assay-tests-compiled') },
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
})
