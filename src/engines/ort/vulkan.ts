/** Vulkan drivers on Linux, which the WebGPU provider needs there. */
import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'

export interface VulkanDrivers {
  /** Manifests, as the Vulkan loader finds them. */
  readonly manifests: readonly string[]
  /** To be set as VK_ICD_FILENAMES; null where the loader finds them by itself. */
  readonly icdFilenames: string | null
}

/** Where the loader looks: Vulkan-Loader, docs/LoaderDriverInterface.md, "Driver Discovery on Linux". */
const SYSTEM_FOLDERS = ['/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/usr/share/vulkan/icd.d']
/** The software driver in Debian's chromium package. The loader does not look there. */
const CHROMIUM_DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json'
/** Manifests of drivers that compute on the CPU: Mesa's lavapipe, and SwiftShader. */
const SOFTWARE_DRIVER = /lvp_icd|swiftshader/

/** Sets of drivers to try, best first; none where there is no Vulkan here. */
export function findVulkanDrivers(env: NodeJS.ProcessEnv): VulkanDrivers[] {
  const chosen = env['VK_DRIVER_FILES'] ?? env['VK_ICD_FILENAMES']
  const found =
    chosen === undefined ? systemDrivers() : [{ manifests: chosen.split(':').filter(existsSync), icdFilenames: null }]
  return found.filter(({ manifests }) => manifests.length > 0)
}

function systemDrivers(): VulkanDrivers[] {
  const system = SYSTEM_FOLDERS.filter(existsSync).flatMap(folder =>
    readdirSync(folder).map(file => join(folder, file)),
  )
  const chromium = [CHROMIUM_DRIVER].filter(existsSync)
  return [
    { manifests: system, icdFilenames: null },
    { manifests: chromium, icdFilenames: CHROMIUM_DRIVER },
  ]
}

/** Whether these drivers can only compute on the CPU: by what they are, or because no GPU is there for the others. */
export function isSoftware({ manifests }: VulkanDrivers, hasGpu = gpuExists()): boolean {
  return manifests.every(path => SOFTWARE_DRIVER.test(path)) || !hasGpu
}

/** What to call them: `SwiftShader`, `nvidia`, `intel or radeon`. */
export function driverNames({ manifests }: VulkanDrivers): string {
  const names = manifests.map(path => {
    const name = basename(path)
      .replace(/^vk_/, '')
      .replace(/[_.].*$/, '')
    return name === 'swiftshader' ? 'SwiftShader' : name === 'lvp' ? 'lavapipe' : name
  })
  return [...new Set(names)].join(' or ')
}

function gpuExists(): boolean {
  return existsSync('/dev/dri') || existsSync('/dev/nvidia0') || existsSync('/dev/dxg')
}
