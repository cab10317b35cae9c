import type { Page } from 'playwright-core'
import { directionOf } from '../../../src/language/index.ts'
import type { Language } from '../../../src/language/index.ts'
import { englishLeft } from './english-left.ts'

type Facts = {
  lang: string
  direction: string
  headings: number
  content: number
  window: number
  small: string[]
  texts: string[]
}

// Where scripts run, what stands in <noscript> is not read. Values that people gave stand in <bdi>, codes in <code>, the picker's languages in elements with a language of their own.
const FACTS = `(() => {
  const { documentElement: root } = document
  const apart = 'bdi, code, script, style, [lang]:not(html), .brand'
  const texts = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    if (node.data.trim() !== '' && !node.parentElement.closest(apart) && !node.parentElement.matches('noscript'))
      texts.push(node.data)
  for (const name of ['aria-label', 'alt', 'placeholder', 'title'])
    for (const one of document.querySelectorAll('[' + name + ']'))
      if (one.getAttribute(name) !== '') texts.push(one.getAttribute(name))
  return {
    lang: root.lang,
    direction: getComputedStyle(document.body).direction,
    headings: document.querySelectorAll('h1').length,
    content: root.scrollWidth,
    window: root.clientWidth,
    small: [...document.querySelectorAll('button, a.button, .field input:not([type=checkbox]), select, label.choice')]
      .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 44)
      .map((one) => one.outerHTML.slice(0, 120)),
    texts,
  }
})()`

/** Everything that a page of this language must not be: another language, half English, wider than the window, too small for thumbs. */
export async function pageFindings(
  page: Page,
  language: Language,
  names: readonly string[],
): Promise<string[]> {
  const facts = await page.evaluate<Facts>(FACTS)
  const { lang, direction, headings, content, window, small, texts } = facts
  return [
    ...(lang === language ? [] : [`the page says that its language is ${lang}`]),
    ...(direction === directionOf(language) ? [] : [`the page runs ${direction}`]),
    ...(headings === 1 ? [] : [`there are ${headings} headings of the first rank`]),
    ...(content > window ? [`the page is ${content} px wide in a window of ${window} px`] : []),
    ...small.map((one) => `less than 44 px high: ${one}`),
    ...englishLeft([...texts, await page.title()], language, names).map((text) => `English: ${text}`),
  ]
}
