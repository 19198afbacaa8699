/** The few parts of node-llama-cpp 3.21 that the peer uses, so that this project's types need no peer installed. */
declare module 'node-llama-cpp' {
  /** A token id; the package brands it. */
  type Token = number

  interface ControlledEvaluateOutput {
    readonly next: { readonly probabilities?: ReadonlyMap<Token, number> }
  }

  interface LlamaContextSequence {
    clearHistory(): Promise<void>
    evaluate(
      tokens: readonly Token[],
      options: { temperature: number; yieldEogToken: boolean },
    ): AsyncGenerator<Token, void>
    controlledEvaluate(
      input: readonly [
        token: Token,
        options: { generateNext: { probabilities: true; options: { temperature: number } } },
      ][],
    ): Promise<(ControlledEvaluateOutput | undefined)[]>
  }

  interface LlamaModel {
    createContext(options: {
      contextSize: number
      batchSize: number
      threads: number
      sequences: number
    }): Promise<{ getSequence(): LlamaContextSequence; readonly currentThreads: number }>
  }

  export function getLlama(options: {
    gpu: false
    build: 'never'
    skipDownload: true
    maxThreads: number
    logger: (level: string, message: string) => void
  }): Promise<{
    readonly systemInfo: string
    readonly llamaCppRelease: { readonly release: string }
    loadModel(options: { modelPath: string; gpuLayers: number }): Promise<LlamaModel>
  }>
}
