// Control characters, and those that turn the direction of writing: in a name they could forge what a terminal shows.
const unsafe = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** Text from elsewhere as one line that can do nothing to a terminal. */
export function clean(text: string): string {
  return text.replace(unsafe, '\ufffd')
}

/** A value as one JSON document, in which such characters are escapes. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(unsafe, (character) =>
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
