/** To the nearest whole number, half to the even one: as Python and torch round. */
export function halfToEven(value: number): number {
  const near = Math.round(value)
  return near - value === 0.5 && near % 2 !== 0 ? near - 1 : near
}
