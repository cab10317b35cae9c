import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { devices } from 'playwright-core'
import type { Page } from 'playwright-core'
import { issuePasswordTicket } from '../../src/users/index.ts'
import { addPerson } from '../support/people.ts'
import { openStage } from '../support/stage.ts'
import type { Stage } from '../support/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

const HEADING = 'Choose a new password'

async function link(): Promise<string> {
  const { id } = await addPerson(stage.server)
  const issued = await stage.server.database.transaction((tx) =>
    issuePasswordTicket(tx, { userId: id, purpose: 'reset' }),
  )
  return `${stage.server.issuer}/account/password?ticket=${issued?.ticket ?? ''}`
}

const field = (page: Page) => page.getByLabel('New password', { exact: true })
const shown = (page: Page) => page.locator('.strength .fine').innerText()

describe('choosing a password', () => {
  test('the page says how hard it is to guess while it is typed, asking nobody, and shows it on request', async () => {
    await stage.play(async ({ page, sees }) => {
      await page.goto(await link())
      await sees(HEADING)
      const asked: string[] = []
      page.on('request', (request) => asked.push(request.url()))
      expect(await page.locator('meter').isVisible()).toBe(false)
      await field(page).pressSequentially('seven')
      expect(await shown(page)).toBe('3 more characters are needed.')
      await field(page).fill('butterscotch')
      expect(await shown(page)).toBe('Easy to guess. Add an unrelated word.')
      expect(await page.getByRole('meter').getAttribute('aria-label')).toBe(
        'How hard this password is to guess',
      )
      await field(page).fill('seven quiet otters knitting')
      expect(await shown(page)).toBe('Hard to guess.')
      // Said once, when the typing has paused.
      await page.getByRole('status').filter({ hasText: 'Hard to guess.' }).waitFor()
      await sees(HEADING)
      expect(asked).toEqual([])

      await page.getByRole('button', { name: 'Show password' }).click()
      expect(await field(page).getAttribute('type')).toBe('text')
      expect(await page.getByRole('status').innerText()).toBe('Your password is shown.')
      await sees(HEADING)
      await page.getByRole('button', { name: 'Hide password' }).click()
      expect(await field(page).getAttribute('type')).toBe('password')
      await page.getByRole('button', { name: 'Show password' }).click()
      await page.getByRole('button', { name: 'Set password' }).click()
      await sees('Your password is set')
    })
  })

  test('on a phone, with the keyboard alone: the button comes after the field, and the server has the last word', async () => {
    await stage.play(async ({ page, sees }) => {
      await page.goto(await link())
      await field(page).focus()
      await page.keyboard.insertText('butterscotch')
      await page.keyboard.press('Tab')
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Show password')
      await page.keyboard.press('Enter')
      expect(await field(page).getAttribute('type')).toBe('text')
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').waitFor()
      await sees(HEADING)
      expect(await page.locator('.field-error').innerText()).toContain('One word is easy to guess')
      expect(await field(page).inputValue()).toBe('')
    }, devices['Pixel 5'])
  })

  test('with scripts switched off nothing is missing but the meter', async () => {
    await stage.play(
      async ({ page, sees }) => {
        await page.goto(await link())
        await sees(HEADING)
        expect(await page.getByRole('button').allInnerTexts()).toEqual(['Set password'])
        await field(page).fill('butterscotch')
        await page.getByRole('button', { name: 'Set password' }).click()
        await page.getByRole('alert').waitFor()
        await sees(HEADING)
        expect(await page.locator('.field-error').innerText()).toContain('One word is easy to guess')
        await field(page).fill('seven quiet otters knitting')
        await page.getByRole('button', { name: 'Set password' }).click()
        await sees('Your password is set')
      },
      { javaScriptEnabled: false, viewport: { width: 360, height: 740 } },
    )
  })
})
