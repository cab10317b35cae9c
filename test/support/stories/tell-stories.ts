import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Language } from '../../../src/language/index.ts'
import { openStage } from '../stage.ts'
import type { Stage } from '../stage.ts'
import { around } from './around.ts'
import { newAndBack } from './new-and-back.ts'
import { ownAccount } from './own-account.ts'
import { read } from './reader.ts'
import { signingIn } from './signing-in.ts'
import { withPasskeys } from './with-passkeys.ts'

const CARDEA_ACR =
  'urn:cardea:acr:pwd=pwd; urn:cardea:acr:mfa=pwd+otp|passkey|pwd+recovery_code; urn:example:acr:strong=passkey,300'

/** What pages call the people, apps, devices and programs of these stories. */
const names = [
  ...['Cardea', 'Sample app', 'Acme TV', 'Shop', 'Pat Example', 'Old tablet', 'Tablet'],
  ...['Chrome Headless', 'Chrome', 'Chromium', 'Linux', 'Android', 'UTC'],
]

const phone = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }

/**
 * Every story, on a phone in this language. Every page is judged where it is seen: its language and the way it runs, its title, words that
 * stayed English, its width, and whether thumbs find what is to be pressed. A file for each language, so that they are told side by side.
 */
export function tellStories(language: Language): void {
  let stage: Stage
  beforeAll(async () => {
    stage = await openStage({ env: { CARDEA_TRUSTED_BROWSER_DAYS: '30', CARDEA_ACR } })
  })
  afterAll(() => stage.close())

  describe(`on a phone, in ${language},`, () => {
    const stories = { signingIn, newAndBack, ownAccount, around, withPasskeys }
    const cases = Object.entries(stories).flatMap(([group, list]) =>
      list.map(({ name, scripts = false, tell }, nth) => ({ name, scripts, tell, story: `${group}-${nth}` })),
    )
    test.each(cases)('$name', async ({ tell, scripts, story }) => {
      const options = { ...phone, javaScriptEnabled: scripts }
      await expect(read(stage, { language, options, names, story }, tell)).resolves.toBeUndefined()
    })
  })
}
