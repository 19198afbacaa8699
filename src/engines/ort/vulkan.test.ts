import { expect, test } from 'vitest'
import { driverNames, findVulkanDrivers, isSoftware } from './vulkan.ts'

const drivers = (...names: string[]) => ({
  manifests: names.map(name => `/usr/share/vulkan/icd.d/${name}`),
  icdFilenames: null,
})

test('the user’s choice of driver is kept, and one that does not exist is none', () => {
  const [chosen, ...others] = findVulkanDrivers({ VK_ICD_FILENAMES: `${import.meta.filename}:/no/such/icd.json` })
  expect(chosen).toEqual({ manifests: [import.meta.filename], icdFilenames: null })
  expect(others).toEqual([])
  expect(findVulkanDrivers({ VK_ICD_FILENAMES: '/no/such/icd.json' })).toEqual([])
})

test('a driver that computes on the CPU is software, and so is any driver without a GPU', () => {
  expect(isSoftware(drivers('lvp_icd.x86_64.json'), true)).toBe(true)
  expect(isSoftware(drivers('vk_swiftshader_icd.json'), true)).toBe(true)
  expect(isSoftware(drivers('nvidia_icd.json', 'lvp_icd.x86_64.json'), true)).toBe(false)
  expect(isSoftware(drivers('radeon_icd.x86_64.json'), false)).toBe(true)
})

test('drivers are named by their manifests', () => {
  expect(driverNames(drivers('vk_swiftshader_icd.json'))).toBe('SwiftShader')
  expect(driverNames(drivers('intel_icd.x86_64.json', 'intel_hasvk_icd.x86_64.json', 'lvp_icd.json'))).toBe(
    'intel or lavapipe',
  )
})
