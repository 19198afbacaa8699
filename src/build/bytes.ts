/** Bytes in decimal units, as disks and the memory of devices are sold and weights are counted: `141.1 GB`, `168 MB`. */
export function showBytes(bytes: number): string {
  return bytes >= 999.5e6 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(bytes < 99.5e5 ? 1 : 0)} MB`
}
