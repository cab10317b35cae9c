import { mkdirSync } from 'node:fs'
import { expect } from '@jest/globals'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { text, translate } from '../../../src/language/index.ts'
import type { Language } from '../../../src/language/index.ts'
import type { Stage } from '../stage.ts'
import { pageFindings } from './judge.ts'
import { wordsOf } from './words.ts'
import type { Said } from './words.ts'

/**
 * Somebody who reads one language and nothing else: whatever they look for, they look for in its words. On the wrong page, or on one in
 * another language, they find nothing.
 */
export type Reader = {
  language: Language
  page: Page
  stage: Stage
  /** Waits for the page of this title and judges it. `heading`: where the page's heading says something else; `name`: is a name. */
  sees(title: Said, other?: { heading?: Said; name?: string }): Promise<void>
  /** Waits for these words, anywhere on the page. */
  reads(said: Said): Promise<void>
  fill(label: Said, value: string): Promise<void>
  /** Ticks the box that these words stand at. */
  tick(label: Said): Promise<void>
  press(button: Said): Promise<void>
  follow(link: Said): Promise<void>
  /** Goes to a page of the server. */
  goto(path: string): Promise<void>
  /** Begins at the app, which sends the browser here. */
  startsAtApp(query?: string): Promise<void>
  /** Is back at the app, and signed in there. */
  arrives(): Promise<void>
  /** At another device, with nothing from this one. */
  elsewhere(story: (reader: Reader) => Promise<void>): Promise<void>
}

export type Where = {
  language: Language
  options: BrowserContextOptions
  /** What pages call people and things: the same in every language. */
  names: readonly string[]
  /** Names the pictures. */
  story: string
}

/** Plays a story in a browser of its own, read by somebody of this language. */
export async function read(
  stage: Stage,
  where: Where,
  tell: (reader: Reader) => Promise<void>,
): Promise<void> {
  const { language, options, names, story } = where
  await stage.play(
    async ({ page, sees: look }) => {
      const main = page.getByRole('main')
      let pictures = 0
      await tell({
        ...{ language, page, stage },
        async sees(title, { heading = title, name } = {}) {
          await look(name ?? wordsOf(language, heading))
          await expectTitle(page, language, title)
          expect(await pageFindings(page, language, names)).toEqual([])
          await shoot(page, `${story}-${(pictures += 1)}-${language}`)
        },
        async reads(said) {
          await main
            .getByText(wordsOf(language, said, { anywhere: true }))
            .first()
            .waitFor()
        },
        async fill(label, value) {
          await main.getByLabel(wordsOf(language, label)).fill(value)
        },
        async tick(label) {
          const line = main.locator('label', { hasText: wordsOf(language, label, { anywhere: true }) })
          await line.getByRole('checkbox').check()
        },
        async press(button) {
          await main.getByRole('button', { name: wordsOf(language, button) }).click()
        },
        async follow(link) {
          await main.getByRole('link', { name: wordsOf(language, link) }).click()
        },
        async goto(path) {
          await page.goto(`${stage.server.issuer}${path}`)
        },
        async startsAtApp(query = '') {
          await page.goto(`${stage.app.url}/login${query}`)
        },
        async arrives() {
          await page.waitForURL(`${stage.app.url}/**`)
          await page.getByRole('heading', { name: 'Hello, Pat Example' }).waitFor()
        },
        elsewhere: (then) => read(stage, { ...where, story: `${story}-elsewhere` }, then),
      })
    },
    { ...options, locale: language },
  )
}

async function expectTitle(page: Page, language: Language, title: Said): Promise<void> {
  const hasFailed = (await page.getByRole('main').locator('[role=alert].alert').count()) > 0
  const begins = translate(language, text('layout:problem', { title: '' })).trim()
  const shown = await page.title()
  expect(shown).toMatch(/ · Cardea$/)
  expect(shown).toMatch(wordsOf(language, title, { anywhere: true }))
  expect([shown, shown.startsWith(begins)]).toEqual([shown, hasFailed])
}

/** With CARDEA_SCREENSHOTS naming a folder, each page is also photographed, for whoever wants to judge its looks. */
async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env['CARDEA_SCREENSHOTS'] ?? ''
  if (folder === '') return
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
}
