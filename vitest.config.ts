import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
    // Progress for a person; the closing reporter names what was skipped, and in CI lets nothing be skipped.
    reporters: ['default', './tests/closing-reporter.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
})
