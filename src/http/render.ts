import { Eta } from 'eta'
import { directionOf, formatDate, formatNumber, languageNames, languages } from '../language/index.ts'
import { richText, translator } from '../language/index.ts'
import type { DateStyle, Language, RichTags, Text, TextKey, TextValues } from '../language/index.ts'
import type { Assets } from './assets.ts'
import { groupsOfFour, imageSource, initial, otpauthLink, outboundLink, textFile } from './view-helpers.ts'
import { overlay } from './view-overrides.ts'
import type { Override } from './view-overrides.ts'
import { viewNames } from './views.ts'
import type { Dress, Views } from './views.ts'

/**
 * For whom a page is made: Koa's context, or as much of it. Without a language it is English; without `here` (an address that GET
 * answers with this very page) it has no language picker, because there would be nowhere to come back to.
 */
export interface PageContext {
  state: { language?: Language; here?: string | undefined; scripts?: boolean }
  set?(field: string, value: string): void
  vary?(field: string): void
}

/** Turns a page's data into its HTML, in the language of the request. Throws only if a template is broken. */
export type Render = <V extends keyof Views>(ctx: PageContext, view: V, data: Views[V]) => string

/**
 * Makes the renderer of the hosted pages: typed data in, HTML out. Every template is compiled here, so a missing or broken one stops
 * the start and not somebody's sign-in; a changed file is seen after a restart. It decides nothing about sign-in: which page is
 * shown, and with what, is the caller's business. Beside its data a template has
 *
 * - `it.t(key or Text, values?)`: the words, as plain text, to be printed with `<%= %>`, which escapes;
 * - `it.rich(key or Text, values?, tags?)`: the words as HTML, to be printed with `<%~ %>`. The text may hold `<strong>`, `<em>` and
 *   `<code>`, and the tags named here, which become links: `{ link: '/address' }`. Values are escaped and stand in a `<bdi>`;
 * - `it.date(date, 'moment' | 'day')` and `it.number(n)`, as the language writes them; `it.lang` and `it.dir`;
 * - `it.script(file)`: the address of one of our scripts, which lets the page run scripts of ours at all (`pagePolicy`);
 * - `it.passwordRules`: what a new password must be, for `/parts/new-password`;
 * - `it.asset(file)`, `it.link(uri)`, `it.appLink(uri)`, `it.image(svg)`, `it.initial(name)`, `it.groups(key)`, `it.textFile(lines)`.
 */
export function createRenderer({
  viewsDir,
  assets,
  issuerName = 'Cardea',
  dressFor = () => ({ links: {} }),
  passwordRules = { leastLength: 8, leastScore: 2 },
  overrides = [],
  onOverrideFailure = () => undefined,
}: {
  viewsDir: string
  assets: Assets
  issuerName?: string
  /** The looks of pages for a client, or for nobody in particular. */
  dressFor?: (clientId?: string) => Dress
  passwordRules?: { leastLength: number; leastScore: number }
  /** Templates of an operator's, in place of ours. */
  overrides?: readonly Override[]
  /** One of them failed over its data. The page was shown as we ship it: nobody's sign-in stops for a template. */
  onOverrideFailure?: (view: string, error: unknown) => void
}): Render {
  const shipped = templatesIn(viewsDir, [])
  const own = overrides.length > 0 ? templatesIn(viewsDir, overrides) : null
  const words = new Map(languages.map((language) => [language, wordsOf(language)]))
  return (ctx, view, data) => {
    const language = ctx.state.language ?? 'en'
    ctx.set?.('Content-Language', language)
    ctx.vary?.('Accept-Language')
    const dress = dressFor(data.client?.id)
    // Helpers come last: no page's data can take their place.
    const shown = {
      ...data,
      issuerName: data.issuerName ?? dress.name ?? issuerName,
      dress,
      passwordRules: { leastLength: passwordRules.leastLength, leastScore: passwordRules.leastScore },
      asset: assets.href,
      script: (name: string) => {
        ctx.state.scripts = true
        return assets.href(name)
      },
      link: outboundLink,
      appLink: otpauthLink,
      image: imageSource,
      initial,
      groups: groupsOfFour,
      textFile,
      ...words.get(language),
      here: ctx.state.here,
    }
    try {
      if (own) return own.render(view, shown)
    } catch (error) {
      onOverrideFailure(view, error)
    }
    return shipped.render(view, shown)
  }
}

function templatesIn(viewsDir: string, overrides: readonly Override[]): Eta {
  const eta = new Eta({ views: viewsDir, autoEscape: true, cache: true })
  overlay(eta, overrides)
  for (const view of ['layout', ...viewNames]) {
    const filepath = eta.resolvePath(view)
    eta.templatesSync.define(filepath, eta.compile(eta.readFile(filepath), { filepath }))
  }
  return eta
}

function wordsOf(language: Language) {
  const texts = translator()
  const toText = (said: TextKey | Text, values?: TextValues): Text =>
    typeof said === 'string' ? { key: said, ...(values && { values }) } : said
  return {
    lang: language,
    dir: directionOf(language),
    languages: languages.map((code) => ({ code, name: languageNames[code], current: code === language })),
    t: (said: TextKey | Text, values?: TextValues) => texts.translate(language, toText(said, values)),
    rich: (said: TextKey | Text, values?: TextValues, tags?: RichTags) =>
      richText(texts, language, toText(said, values), tags),
    date: (date: Date, style?: DateStyle) => formatDate(language, date, style),
    number: (value: number) => formatNumber(language, value),
  }
}
