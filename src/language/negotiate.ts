import { languages } from './languages.ts'
import type { Language } from './languages.ts'

/** Longer than this no honest list of languages is; the rest is not looked at. */
const MOST_CHARACTERS = 1000
const MOST_ENTRIES = 30

/**
 * Which language a page is in: the app's wish (`ui_locales`, OpenID Connect Core section 3.1.2.1, in order of preference), then the
 * person's own choice, then what the browser sends (RFC 9110 section 12.5.4), then the server's. Each may be missing, or junk.
 */
export function negotiate({
  uiLocales,
  chosen,
  accept,
  fallback = 'en',
}: {
  uiLocales?: unknown
  /** Tags they chose, here or in their account; the first that we speak counts. */
  chosen?: string | null | undefined | readonly (string | null | undefined)[]
  accept?: unknown
  fallback?: Language
}): Language {
  return fromUiLocales(uiLocales) ?? firstSpoken([chosen].flat()) ?? fromAccept(accept) ?? fallback
}

/** The first of the languages asked for, separated by spaces, that we speak. */
export function fromUiLocales(value: unknown): Language | undefined {
  if (typeof value !== 'string') return undefined
  return firstSpoken(value.slice(0, MOST_CHARACTERS).split(' ', MOST_ENTRIES))
}

/** The most wanted language of an Accept-Language header that we speak; `q=0` refuses one, `*` says nothing. */
export function fromAccept(header: unknown): Language | undefined {
  if (typeof header !== 'string') return undefined
  const wanted = header
    .slice(0, MOST_CHARACTERS)
    .split(',', MOST_ENTRIES)
    .map((entry, index) => ({ ...readEntry(entry), index }))
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality || a.index - b.index)
  return firstSpoken(wanted.map(({ tag }) => tag))
}

function readEntry(entry: string): { tag: string; quality: number } {
  const [tag = '', ...parameters] = entry.split(';')
  const weight = parameters.map((one) => one.trim()).find((one) => /^q\s*=/i.test(one))
  if (weight === undefined) return { tag, quality: 1 }
  const stated = weight.replace(/^q\s*=\s*/i, '')
  return { tag, quality: /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(stated) ? Number(stated) : 0 }
}

/** RFC 4647 section 3.4: `pt-BR` is served by `pt`. */
function firstSpoken(tags: readonly (string | null | undefined)[]): Language | undefined {
  for (const tag of tags) {
    const [primary] = tag?.trim().toLowerCase().split('-') ?? []
    const found = languages.find((language) => language === primary)
    if (found !== undefined) return found
  }
  return undefined
}
