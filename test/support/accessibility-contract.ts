import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { directionOf, text, translate } from '../../src/language/index.ts'
import type { Language } from '../../src/language/index.ts'
import { launchBrowser } from './browser.ts'
import {
  axeFindings,
  errorFindings,
  fitFindings,
  forcedColourFindings,
  keyboardFindings,
  motionFindings,
  openPages,
  spaceOut,
} from './contract.ts'
import { pageFixtures } from './page-fixtures.ts'

const desk = { width: 1280, height: 900 }
/** A window of 1280 by 1024 at 400 % (WCAG 2.2 SC 1.4.10). */
const zoomed = { width: 320, height: 256 }

const failing = (data: object) =>
  ['error', 'problem'].some((name) => name in data && (data as Record<string, unknown>)[name] !== undefined)

async function looksFindings(page: Page): Promise<string[]> {
  // Calm, so that no colour is judged on its way to another.
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' })
  const dark = (await axeFindings(page)).map((finding) => `dark: ${finding}`)
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'no-preference' })
  return [...dark, ...(await motionFindings(page)), ...(await forcedColourFindings(page))]
}

/** The contract of every page and state, in this language. A file for each, so that they are checked side by side. */
export function checkContract(language: Language): void {
  let browser: Browser
  let pages: Awaited<ReturnType<typeof openPages>>
  beforeAll(async () => {
    browser = await launchBrowser()
    pages = await openPages(browser)
  })
  afterAll(async () => {
    await pages.close()
    await browser.close()
  })

  describe(`in ${language}`, () => {
    // WCAG 2.2 AA, page by page and state by state.
    test.each(pageFixtures)('$name can be used by everybody', async (fixture) => {
      const { page, show } = pages
      await page.setViewportSize(desk)
      await show(fixture, language)
      const findings: string[] = []

      // Before anything else has touched the focus.
      if (failing(fixture.data)) {
        const begins = translate(language, text('layout:problem', { title: '' })).trim()
        findings.push(...(await errorFindings(page, begins)))
      }
      expect(
        await page.evaluate('[document.documentElement.lang, getComputedStyle(document.body).direction]'),
      ).toEqual([language, directionOf(language)])
      // Structure, colours and motion know no language; the order of things does, where it runs from right to left.
      if (language !== 'de') findings.push(...(await axeFindings(page)))
      if (language === 'en') findings.push(...(await looksFindings(page)))
      if (language !== 'de') findings.push(...(await keyboardFindings(page)))

      await page.setViewportSize(zoomed)
      findings.push(...(await fitFindings(page, 'at 400 %')))
      if (language === 'en')
        findings.push(...(await keyboardFindings(page)).map((finding) => `at 400 %: ${finding}`))
      await spaceOut(page)
      findings.push(...(await fitFindings(page, 'spaced out')))
      expect(findings).toEqual([])
    })
  })
}
