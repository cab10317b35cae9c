import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { AxeResults } from 'axe-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { createAssets } from '../../src/http/assets.ts'
import { pagePolicy } from '../../src/http/content-security-policy.ts'
import { createRenderer } from '../../src/http/render.ts'
import type { Language } from '../../src/language/index.ts'
import { renderFixture } from './page-fixtures.ts'
import type { PageFixture } from './page-fixtures.ts'

const root = join(import.meta.dirname, '../..')
const assets = createAssets(join(root, 'public'))
const render = createRenderer({ viewsDir: join(root, 'views'), assets })
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const ORIGIN = 'http://pages.test'

/** Shows fixtures in a real browser, with the policy that the server sends and nothing else to be fetched. */
export async function openPages(browser: Browser): Promise<{
  page: Page
  show: (fixture: PageFixture, language: Language) => Promise<void>
  close: () => Promise<void>
}> {
  const context: BrowserContext = await browser.newContext({ viewport: { width: 1280, height: 900 } })
  let html = ''
  await context.route('**/*', (route) => {
    const path = new URL(route.request().url()).pathname
    const asset = assets.find(path)
    if (asset) return route.fulfill({ contentType: asset.type, body: asset.body })
    if (route.request().isNavigationRequest())
      return route.fulfill({
        contentType: 'text/html; charset=utf-8',
        headers: { 'content-security-policy': pagePolicy() },
        body: html,
      })
    return route.fulfill({ status: 404, body: '' })
  })
  const page = await context.newPage()
  return {
    page,
    async show(fixture, language) {
      html = renderFixture(render, fixture, language)
      await page.goto(`${ORIGIN}/`)
    },
    close: () => context.close(),
  }
}

/** What axe-core finds against WCAG 2.2 AA and good practice. */
export async function axeFindings(page: Page): Promise<string[]> {
  if (!(await page.evaluate<boolean>('typeof axe === "object"'))) await page.evaluate(axe)
  const { violations } = await page.evaluate<AxeResults>(`axe.run({
    preload: false,
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
  })`)
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html ?? ''}`)
}

type Stop = { index: number; outline: number; top: number; height: number; inView: boolean }

/**
 * Goes through a page with the Tab key alone and says what is wrong: something that can be operated and is not reached, an order other
 * than the reading order, a stop that does not show its focus or lies outside the window, a trap.
 */
export async function keyboardFindings(page: Page): Promise<string[]> {
  await page.evaluate(`{
    const can = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]'
    window.stops = [...document.querySelectorAll(can)].filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled)
    document.activeElement?.blur()
    getSelection().removeAllRanges()
  }`)
  const names = await page.evaluate<string[]>('stops.map((one) => one.outerHTML.slice(0, 120))')
  // From the very beginning, wherever the page has put the focus.
  await page.evaluate(`{
    const start = document.createElement('span'); start.tabIndex = -1
    document.body.prepend(start); start.focus(); start.remove()
  }`)
  const findings: string[] = []
  const reached: number[] = []
  for (let presses = 0; presses <= names.length; presses += 1) {
    await page.keyboard.press('Tab')
    const stop = await page.evaluate<Stop | null>(`(() => {
      const one = document.activeElement
      if (!one || one === document.body) return null
      const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(one)
      const box = one.getBoundingClientRect()
      return {
        index: stops.indexOf(one), outline: outlineStyle === 'none' ? 0 : parseFloat(outlineWidth),
        top: box.top + scrollY, height: box.height,
        inView: box.bottom > 0 && box.top < innerHeight,
      }
    })()`)
    if (!stop || (reached.length > 0 && stop.index === reached[0])) break
    const name = names[stop.index] ?? 'something else'
    if (reached.at(-1) === stop.index) return [...findings, `the focus is caught at ${name}`]
    if (stop.outline < 2) findings.push(`no focus is to be seen at ${name}`)
    if (!stop.inView) findings.push(`out of the window: ${name}`)
    reached.push(stop.index)
  }
  // A group of radio buttons is one stop.
  const missed = names.filter((name, index) => !reached.includes(index) && !name.includes('type="radio"'))
  findings.push(...missed.map((name) => `the Tab key does not reach ${name}`))
  if (reached.some((index, at) => at > 0 && index < (reached[at - 1] ?? 0)))
    findings.push(`the order of the focus is not that of reading: ${reached.join(' ')}`)
  return findings
}

/** How an error is told to those who cannot see it: title, focus on the summary, the way to the field, the words at the field. */
export async function errorFindings(page: Page, titleBegins: string): Promise<string[]> {
  // Browsers move the focus to what asks for it some time after the page has loaded.
  await page
    .waitForFunction('document.querySelector("[role=alert]")?.contains(document.activeElement)', null, {
      timeout: 3000,
    })
    .catch(() => undefined)
  const told = await page.evaluate<Record<string, boolean>>(`(() => {
    const alert = document.querySelector('[role=alert]')
    const link = alert?.querySelector('a[href^="#"]')
    const target = link ? document.getElementById(link.getAttribute('href').slice(1)) : null
    const bad = [...document.querySelectorAll('[aria-invalid=true]')]
    const described = (one) => (one.getAttribute('aria-describedby') ?? '').split(' ')
      .some((id) => (document.getElementById(id)?.textContent ?? '').trim() !== '')
    return {
      'there is no summary with role alert': !alert,
      'the title does not say so': !document.title.startsWith(${JSON.stringify(titleBegins)}),
      'the focus is not on the summary': !!alert && document.activeElement !== alert && !alert.contains(document.activeElement),
      'the summary leads nowhere': !!link && !target,
      'a field is wrong and does not say why': bad.some((one) => !described(one)),
    }
  })()`)
  return Object.entries(told).flatMap(([finding, is]) => (is ? [finding] : []))
}

/** What does not fit: the page wider than the window, or text cut off in a box. `where` is said in the finding. */
export async function fitFindings(page: Page, where: string): Promise<string[]> {
  const found = await page.evaluate<string[]>(`(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    const cut = [...document.querySelectorAll('main *')].filter((one) => {
      if (one.closest('.unseen, svg, pre, .scroll') || one.matches('img, input, select, textarea')) return false
      const { overflowX, overflowY, display } = getComputedStyle(one)
      if (display === 'inline') return false
      return (one.scrollWidth > one.clientWidth + 1 && (overflowX === 'hidden' || overflowX === 'clip')) ||
        (one.scrollHeight > one.clientHeight + 1 && (overflowY === 'hidden' || overflowY === 'clip'))
    })
    return [
      ...(scrollWidth > clientWidth ? ['the page is ' + scrollWidth + ' px wide in ' + clientWidth] : []),
      ...cut.map((one) => 'cut off: ' + one.outerHTML.slice(0, 120)),
    ]
  })()`)
  return found.map((finding) => `${where}: ${finding}`)
}

/** The spacing that people may set for themselves (WCAG 2.2 SC 1.4.12). */
export async function spaceOut(page: Page): Promise<void> {
  await page.evaluate(`{
    const sheet = new CSSStyleSheet()
    sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important } p { margin-block-end: 2em !important }')
    document.adoptedStyleSheets = [sheet]
  }`)
}

/** Everything that still moves where people have asked for calm. */
export async function motionFindings(page: Page): Promise<string[]> {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  const moving = await page.evaluate<string[]>(`[...document.querySelectorAll('*')].filter((one) => {
    const { transitionDuration, animationDuration, animationName, scrollBehavior } = getComputedStyle(one)
    return parseFloat(transitionDuration) > 0 || (animationName !== 'none' && parseFloat(animationDuration) > 0) || scrollBehavior === 'smooth'
  }).map((one) => 'moves: ' + one.outerHTML.slice(0, 120))`)
  await page.emulateMedia({ reducedMotion: 'no-preference' })
  return moving
}

/** What loses its shape where the system chooses the colours: buttons and fields need an edge that is drawn, not only painted. */
export async function forcedColourFindings(page: Page): Promise<string[]> {
  await page.emulateMedia({ forcedColors: 'active' })
  const shapeless = await page.evaluate<string[]>(`[...document.querySelectorAll(
    '.button:not(.quiet), input:not([type=hidden]):not([type=checkbox]):not([type=radio]), select, .alert, .caution'
  )].filter((one) => one.checkVisibility()).filter((one) => {
    const { borderTopWidth, borderTopStyle, appearance } = getComputedStyle(one)
    return appearance === 'none' || appearance === 'auto'
      ? parseFloat(borderTopWidth) < 1 || borderTopStyle === 'none'
      : false
  }).map((one) => 'no edge in forced colours: ' + one.outerHTML.slice(0, 120))`)
  await page.emulateMedia({ forcedColors: 'none' })
  return shapeless
}
