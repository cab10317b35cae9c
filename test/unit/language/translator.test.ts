import { describe, expect, test } from '@jest/globals'
import { createTranslator, readCatalogues, richText, text } from '../../../src/language/index.ts'
import type { Language, Text } from '../../../src/language/index.ts'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const polyglot = `"><script>alert(1)</script>{{count}}$t(errors:goOn){{- key}}\uE000x\uE001&amp;'`
const translator = createTranslator()
const say = (language: Language, said: Text) => translator.translate(language, said)
const rich = (said: Text, tags?: Parameters<typeof richText>[3], language: Language = 'en') =>
  richText(translator, language, said, tags)

describe('a text becomes words', () => {
  test('in the language asked for, and in English where that one lacks it', () => {
    expect(say('de', text('signin:login.title'))).toBe('Anmelden')
    const partial = createTranslator({ ...readCatalogues(), fr: {} })
    expect(partial.translate('fr', text('signin:login.title'))).toBe('Sign in')
  })

  test('with the plural form that the number needs', () => {
    expect(say('en', text('errors:throttled.minutes', { count: 1 }))).toMatch(/in 1 minute\.$/)
    expect(say('de', text('errors:throttled.hours', { count: 1 }))).toMatch(/in 1 Stunde wieder\.$/)
    expect(say('de', text('errors:throttled.hours', { count: 2500 }))).toMatch(/in 2\.500 Stunden wieder\.$/)
  })

  test('with values that stay what they are, whatever they hold (XS-01)', () => {
    expect(say('en', text('errors:goOnAt', { app: polyglot }))).toBe(`Go on at ${polyglot}`)
    expect(say('en', text('errors:goOnAt', { app: '' }))).toBe('Go on at ')
    expect(
      say('en', { key: 'errors:goOnAt', values: { app: 'x', key: 'y', defaultValue: 'z', lng: 'de' } }),
    ).toBe('Go on at x')
  })

  test('with names of the other direction fenced off', () => {
    expect(say('en', text('errors:goOnAt', { app: 'بريد' }))).toBe('Go on at \u2068بريد\u2069')
    expect(say('en', text('errors:goOnAt', { app: 'Acme' }))).toBe('Go on at Acme')
  })
})

describe('a rich text becomes HTML', () => {
  test('with values escaped, each in a bdi of its own (XS-01)', () => {
    const html = rich(text('signin:onward', { app: polyglot }))
    expect(html).toMatch(/^to continue to <strong><bdi>&quot;&gt;&lt;script&gt;alert\(1\)/)
    expect(html.replaceAll(/<\/?(strong|bdi)>/g, '')).not.toMatch(/[<>]/)
  })

  test('with the links that the page names', () => {
    expect(rich(text('signin:totp.lostPhone'), { link: '/a?b=1&c="2"' })).toBe(
      'Lost your phone? <a href="/a?b=1&amp;c=&quot;2&quot;">Use a recovery code</a>',
    )
  })

  test.each([
    'javascript:alert(1)',
    ' JaVaScript:alert(1)',
    '\u0001javascript:x',
    'data:text/html,x',
    'vbscript:x',
  ])('without a link to %j (XS-01)', (link) => {
    expect(rich(text('signin:totp.lostPhone'), { link })).toBe('Lost your phone? Use a recovery code')
  })

  test('without tags that nobody named', () => {
    expect(rich(text('signin:totp.lostPhone'))).toBe('Lost your phone? Use a recovery code')
    expect(rich(text('signin:totp.lostPhone'), { other: '/x' })).not.toContain('<')
  })
})

test('a catalogue that is no JSON stops the start with its name', () => {
  const dir = mkdtempSync(join(tmpdir(), 'cardea-locales-'))
  cpSync(join(import.meta.dirname, '../../../locales/en'), join(dir, 'en'), { recursive: true })
  mkdirSync(join(dir, 'de'))
  writeFileSync(join(dir, 'de/signin.json'), '{ "login": ')
  expect(() => readCatalogues(dir)).toThrow(/de\/signin\.json cannot be read/)
  rmSync(join(dir, 'en/errors.json'))
  expect(() => readCatalogues(dir)).toThrow(/en\/errors\.json cannot be read/)
  rmSync(dir, { recursive: true })
})
