import { createInstance } from 'i18next'
import { readCatalogues } from './catalogues.ts'
import type { Catalogues } from './catalogues.ts'
import { formatDate, formatNumber } from './formats.ts'
import { directionOf, languages } from './languages.ts'
import type { Language } from './languages.ts'
import { namespaces } from './text.ts'
import type { Text } from './text.ts'

/** One piece of a sentence: words of the catalogue, or a value that was filled in. */
export type Piece = { words: string } | { value: string; foreign: boolean }

export type Translator = {
  /** The sentence, as plain text: whoever prints it escapes it. */
  translate: (language: Language, text: Text) => string
  /** The sentence in pieces, so that values can be told from words (rich.ts). */
  pieces: (language: Language, text: Text) => Piece[]
}

const OPEN = '\uE000'
const CLOSE = '\uE001'
const marks = /\uE000([^\uE001]*)\uE001/

/**
 * Turns texts into words. The catalogues are read here, so a broken one stops the start. A text that a language lacks is said in
 * English. Values never pass through the template language of the catalogues: whatever they hold, it stays as it was.
 */
export function createTranslator(catalogues: Catalogues = readCatalogues()): Translator {
  const i18n = createInstance()
  void i18n.init({
    resources: catalogues,
    supportedLngs: [...languages],
    fallbackLng: 'en',
    ns: [...namespaces],
    initAsync: false,
    returnEmptyString: false,
    interpolation: { escapeValue: false },
  })
  const fixed = new Map(languages.map((language) => [language, i18n.getFixedT(language)]))

  function pieces(language: Language, { key, values = {} }: Text): Piece[] {
    const t = fixed.get(language) ?? i18n.t
    const replace = Object.fromEntries(Object.keys(values).map((name) => [name, `${OPEN}${name}${CLOSE}`]))
    const count = values['count']
    const said = t(key, { replace, nest: false, ...(typeof count === 'number' ? { count } : {}) })
    return said.split(marks).map((part, index): Piece => {
      if (index % 2 === 0) return { words: part }
      const value = values[part]
      if (typeof value === 'number') return { value: formatNumber(language, value), foreign: false }
      if (value instanceof Date) return { value: formatDate(language, value), foreign: false }
      return { value: value ?? '', foreign: true }
    })
  }

  return {
    pieces,
    translate: (language, text) =>
      pieces(language, text)
        .map((piece) => ('words' in piece ? piece.words : isolated(language, piece)))
        .join(''),
  }
}

const rightToLeft = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFF]/

/** A name written the other way round is fenced off with U+2068 and U+2069, so that it cannot turn the sentence around it. */
function isolated(language: Language, { value, foreign }: { value: string; foreign: boolean }): string {
  if (!foreign || value === '') return value
  const other = directionOf(language) === 'rtl' ? /\p{L}|\p{N}/u.test(value) : rightToLeft.test(value)
  return other ? `\u2068${value}\u2069` : value
}

let shared: Translator | undefined

/** The translator over our own catalogues, read at its first use. */
export function translator(): Translator {
  return (shared ??= createTranslator())
}

/** What a text says in a language, over our own catalogues. */
export function translate(language: Language, text: Text): string {
  return translator().translate(language, text)
}
