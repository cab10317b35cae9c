/** Thrown when something sealed does not open: changed, cut, moved to another row, or sealed under an unknown key. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken'
  readonly reason: 'malformed' | 'unknown_key' | 'tampered'

  constructor(reason: 'malformed' | 'unknown_key' | 'tampered') {
    super(`a sealed value does not open (${reason})`)
    this.reason = reason
  }
}
