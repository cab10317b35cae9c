import { describe, expect, test } from '@jest/globals'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { languages, namespaces, plainTags, readCatalogues } from '../../../src/language/index.ts'
import type { Language, Texts } from '../../../src/language/index.ts'

const root = join(import.meta.dirname, '../../..')
const catalogues = readCatalogues()

/** Every sentence of a language by its full key, plural forms included. */
function sentences(language: Language): Map<string, string> {
  const found = new Map<string, string>()
  const walk = (texts: Texts, path: string) => {
    for (const [name, value] of Object.entries(texts))
      if (typeof value === 'string') found.set(`${path}${name}`, value)
      else walk(value, `${path}${name}.`)
  }
  for (const namespace of namespaces) walk(catalogues[language][namespace] ?? {}, `${namespace}:`)
  return found
}

const form = /_(zero|one|two|few|many|other)$/
const keyOf = (sentence: string) => sentence.replace(form, '')
const all = Object.fromEntries(languages.map((language) => [language, sentences(language)])) as Record<
  Language,
  Map<string, string>
>
const english = all.en
const keys = [...new Set([...english.keys()].map(keyOf))]
const plurals = keys.filter((key) => !english.has(key))

const placeholders = (sentence: string) =>
  Array.from(sentence.matchAll(/\{\{\s*([^}\s]+)\s*\}\}/g), ([, name]) => name).sort()
const tagsOf = (sentence: string) => sentence.match(/<[^>]*>/g)?.sort() ?? []

const source = globSync(['src/**/*.ts', 'views/**/*.eta'], {
  cwd: root,
  exclude: ['src/db/generated/**'],
})
  .map((file) => readFileSync(join(root, file), 'utf8'))
  .join('\n')
const used = new Set(
  Array.from(
    source.matchAll(new RegExp(`['"\`]((?:${namespaces.join('|')}):[\\w.-]+)['"\`]`, 'g')),
    ([, key]) => key ?? '',
  ),
)

describe.each(languages.filter((language) => language !== 'en'))('the texts in %s', (language) => {
  const own = all[language]

  test('lack nothing, and hold nothing that English does not', () => {
    const mine = new Set([...own.keys()].map(keyOf))
    expect(keys.filter((key) => !mine.has(key))).toEqual([])
    expect([...mine].filter((key) => !keys.includes(key))).toEqual([])
  })

  test('have the placeholders and the tags of the English ones', () => {
    const different = [...own].filter(([key, sentence]) => {
      const model = english.get(key) ?? english.get(`${keyOf(key)}_other`)
      if (model === undefined) return false
      // "One minute" needs no number.
      const without = (list: (string | undefined)[]) =>
        form.test(key) ? list.filter((name) => name !== 'count') : list
      return (
        JSON.stringify(without(placeholders(sentence))) !== JSON.stringify(without(placeholders(model))) ||
        JSON.stringify(tagsOf(sentence)) !== JSON.stringify(tagsOf(model))
      )
    })
    expect(different.map(([key]) => key)).toEqual([])
  })

  test('are no longer English', () => {
    const words = (sentence: string) => sentence.replaceAll(/\{\{.*?\}\}/g, '').match(/\p{L}{3,}/gu) ?? []
    const same = [...own].filter(
      ([key, sentence]) => sentence === english.get(key) && words(sentence).length > 3,
    )
    expect(same.map(([key]) => key)).toEqual([])
  })
})

describe.each(languages)('the plural forms in %s', (language) => {
  test('are exactly those that its numbers need', () => {
    const needed = new Intl.PluralRules(language).resolvedOptions().pluralCategories
    const wrong = plurals.filter((key) => {
      const forms = [...all[language].keys()].filter((one) => form.test(one) && keyOf(one) === key)
      // What is not translated at all is told above.
      if (forms.length === 0) return false
      return needed.some((one) => !forms.includes(`${key}_${one}`)) || forms.length !== needed.length
    })
    expect(wrong).toEqual([])
  })
})

describe.each(languages)('every text in %s', (language) => {
  const own = all[language]

  test('is words, without markup but the tags that pages know', () => {
    const odd = [...own].filter(([, sentence]) => {
      const rest = sentence.replaceAll(/<\/?[a-z][a-zA-Z]*>/g, '')
      return /[<>]|&\w+;|\$t\(|\{\{-/.test(rest) || sentence.trim() !== sentence || sentence === ''
    })
    expect(odd.map(([key]) => key)).toEqual([])
  })

  test('closes the tags that it opens', () => {
    const open = [...own].filter(([, sentence]) => {
      const stack: string[] = []
      for (const [, slash, name = ''] of sentence.matchAll(/<(\/?)([a-zA-Z]+)>/g))
        if (slash === '') stack.push(name)
        else if (stack.pop() !== name) return true
      return stack.length > 0
    })
    expect(open.map(([key]) => key)).toEqual([])
  })
})

test('no text is there that nobody says', () => {
  expect(keys.filter((key) => !used.has(key))).toEqual([])
})

test('no page says a text that is not there', () => {
  expect([...used].filter((key) => !keys.includes(key))).toEqual([])
})

test('tags other than the plain ones stand only in texts that a page prints as rich', () => {
  const rich = [...english].filter(([, sentence]) =>
    tagsOf(sentence).some((tag) => !plainTags.some((plain) => tag === `<${plain}>` || tag === `</${plain}>`)),
  )
  const unfit = rich.map(([key]) => keyOf(key)).filter((key) => source.includes(`it.t('${key}'`))
  expect(unfit).toEqual([])
})

test('tags never stand in a text that is printed as plain words', () => {
  const tagged = [...english].filter(([, sentence]) => tagsOf(sentence).length > 0).map(([key]) => keyOf(key))
  expect(tagged.filter((key) => source.includes(`it.t('${key}'`))).toEqual([])
})
