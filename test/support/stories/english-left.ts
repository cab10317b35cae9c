import { readCatalogues } from '../../../src/language/index.ts'
import type { Language, Texts } from '../../../src/language/index.ts'

const catalogues = readCatalogues()

/** A sentence without its tags, cut where a value or a tag stands. */
function fragments(sentence: string): string[] {
  return sentence.split(/<[^>]+>|\{\{[^}]+\}\}/).map(tidy)
}

function tidy(words: string): string {
  return words.replaceAll(/\s+/g, ' ').replaceAll(/^[\s\p{P}]+|[\s\p{P}]+$/gu, '')
}

function sentences(texts: Texts | string): string[] {
  return typeof texts === 'string' ? [texts] : Object.values(texts).flatMap(sentences)
}

/** Mails are not on pages. */
function onPages(language: Language): string[] {
  const { mail: _mails, ...pages } = catalogues[language]
  return Object.values(pages).flatMap(sentences)
}

/** What English says on pages and this language does not. */
function foreignTo(language: Language): Set<string> {
  const own = onPages(language).join('\n')
  return new Set(
    onPages('en')
      .flatMap(fragments)
      .filter((words) => /[a-z]{3}/i.test(words) && !own.includes(words)),
  )
}

const known = new Map<Language, { whole: Set<string>; long: string[]; own: Set<string> }>()

function wordsOf(language: Language) {
  const found = known.get(language)
  if (found) return found
  const whole = foreignTo(language)
  const made = {
    whole,
    long: [...whole].filter((words) => words.split(' ').length > 2),
    own: new Set(onPages(language).join('\n').match(latinWord) ?? []),
  }
  known.set(language, made)
  return made
}

const latinWord = /[a-z]{3,}/gi
const address = /\S+@\S+|https?:\/\/\S+/g

/**
 * The texts of a page that are English where its language is another: a sentence of the English catalogue, or a part of one. In Japanese
 * and Arabic also any word in Latin letters that their catalogues do not have, so that what was never in a catalogue is found too;
 * `names` are those of people and things.
 */
export function englishLeft(
  texts: readonly string[],
  language: Language,
  names: readonly string[] = [],
): string[] {
  if (language === 'en') return []
  const { whole, long, own } = wordsOf(language)
  const hasOtherLetters = language === 'ja' || language === 'ar'
  return texts.filter((text) => {
    const said = tidy(text)
    if (whole.has(said) || long.some((words) => said.includes(words))) return true
    if (!hasOtherLetters) return false
    const withoutNames = names.reduce(
      (rest, name) => rest.replaceAll(name, ' '),
      text.replaceAll(address, ' '),
    )
    return (withoutNames.match(latinWord) ?? []).some((word) => !own.has(word))
  })
}
