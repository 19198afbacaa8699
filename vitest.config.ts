import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Progress for a person; the closing reporter names what was skipped, and in CI lets nothing be skipped.
    reporters: ['default', './tests/closing-reporter.ts'],
    // Two files at a time: most wait for processes of their own, and on two cores this is a fifth faster than one. More would only wait for each other.
    maxWorkers: Math.min(2, availableParallelism()),
    // As bin/assay.js does for its user: what one process has stripped of types and compiled, the hundreds after it need not.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), 'assay-tests-compiled') },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        // Tests beside the code leave nothing behind that the next file could meet: they share a process, and its modules are read once.
        test: { name: 'units', include: ['src/**/*.test.ts'], isolate: false },
      },
      {
        extends: true,
        test: { name: 'whole', include: ['tests/**/*.test.ts'], setupFiles: ['./tests/own-processors.ts'] },
      },
    ],
  },
})
