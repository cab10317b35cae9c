/** A text without what addresses and JSON make of its signs: `%2F`, `\n`. */
export function plain(text: string): string {
  return text
    .replaceAll(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll(/\\+[nrt]/g, ' ')
}

/** What all spellings of a secret have in common: neither case, nor spaces, nor the dashes or `+` between groups matter. */
export function squashed(text: string): string {
  return plain(text).toLowerCase().replaceAll(between, '')
}

const between = /[\s+\p{Pd}]/gu

/** From where to where in a text one of these secrets (squashed) stands, in whatever spelling; null when none does. */
export function found(text: string, secrets: ReadonlySet<string>): [from: number, to: number] | null {
  if (secrets.size === 0) return null
  const short = squashed(text)
  for (const secret of secrets) {
    const at = short.indexOf(secret)
    if (at < 0) continue
    const places = Array.from(text, (_sign, place) => place).filter(
      (place) => squashed(text.charAt(place)) !== '',
    )
    return [places[at] ?? 0, (places[at + secret.length - 1] ?? 0) + 1]
  }
  return null
}
