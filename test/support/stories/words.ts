import { text, translator } from '../../../src/language/index.ts'
import type { Language, Text, TextKey } from '../../../src/language/index.ts'

/** Something to be read on a page: a key of the catalogue, or one with values. */
export type Said = TextKey | Text

/** Where a name begins or ends in a sentence: it may be fenced off there. */
const EDGE = '\uE010'

/** A pattern for what a text says in a language. Of a sentence with a link in it these are the link's words. */
export function wordsOf(language: Language, said: Said, { anywhere = false } = {}): RegExp {
  const pieces = translator().pieces(language, typeof said === 'string' ? text(said) : said)
  const whole = pieces
    .map((piece) => ('words' in piece ? piece.words : `${EDGE}${piece.value}${EDGE}`))
    .join('')
  const link = /<(link|download)>(.*?)<\/\1>/.exec(whole)?.[2]
  const words = (link ?? whole).replaceAll(/<[^>]+>/g, '').trim()
  const pattern = words
    .replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
    .replaceAll(/\s+/g, String.raw`\s+`)
    .replaceAll(EDGE, '[\u2068\u2069]?')
  return new RegExp(anywhere ? pattern : `^\\s*${pattern}\\s*$`, 'u')
}
