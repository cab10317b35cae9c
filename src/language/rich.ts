import type { Language } from './languages.ts'
import type { Text } from './text.ts'
import type { Translator } from './translator.ts'

/** What a tag of a text becomes: the address of a link, or the link's attributes. Undefined: the words stay, the link goes. */
export type RichTags = Record<string, string | Record<string, string> | undefined>

/** The tags every text may use as they are; others are named by whoever prints the text, and become links. */
export const plainTags = ['strong', 'em', 'code'] as const

const tag = /<(\/?)([a-z][a-zA-Z]*)>/g
const runs = /^\s*(?:javascript|vbscript|data(?!:text\/plain)):/i

/**
 * A text with tags in it as HTML: `Use a <link>recovery code</link>.` with `{ link: '/address' }`. Everything else is escaped,
 * values too; strings stand in `<bdi>` of their own, because nobody knows which way a name is written.
 */
export function richText(
  { pieces }: Translator,
  language: Language,
  text: Text,
  tags: RichTags = {},
): string {
  return pieces(language, text)
    .map((piece) => {
      if ('words' in piece) return markUp(piece.words, tags)
      return piece.foreign ? `<bdi>${escaped(piece.value)}</bdi>` : escaped(piece.value)
    })
    .join('')
}

function markUp(words: string, tags: RichTags): string {
  const parts = words.split(tag)
  let html = escaped(parts[0] ?? '')
  for (let at = 1; at < parts.length; at += 3) {
    const [slash = '', name = '', after = ''] = parts.slice(at, at + 3)
    html += element(slash, name, tags) + escaped(after)
  }
  return html
}

function element(slash: string, name: string, tags: RichTags): string {
  if (plainTags.some((plain) => plain === name)) return `<${slash}${name}>`
  const target = tags[name]
  const attributes = typeof target === 'string' ? { href: target } : target
  if (attributes === undefined || runs.test(withoutControls(attributes['href'] ?? ''))) return ''
  if (slash === '/') return '</a>'
  const list = Object.entries(attributes).map(([attribute, value]) => ` ${attribute}="${escaped(value)}"`)
  return `<a${list.join('')}>`
}

/** Browsers read over control characters in a scheme. */
function withoutControls(href: string): string {
  return href.replaceAll(/\p{Cc}/gu, '')
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(value: string): string {
  return value.replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? sign)
}
