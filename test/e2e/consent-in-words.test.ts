import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { BrowserContextOptions } from 'playwright-core'
import { claimLogo, putScopeWords, settleLogo } from '../../src/clients/index.ts'
import type { StoredClient } from '../../src/clients/index.ts'
import { createOutboundGuard } from '../../src/http/index.ts'
import { getLogo } from '../../src/jobs/get-logo.ts'
import { addApi, addClient, addPerson, addRecoveryCodes, codeOf } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { png } from '../support/pictures.ts'
import { authorizeUrl, pkce } from '../support/sign-in.ts'
import type { AuthorizeParams } from '../support/sign-in.ts'
import { openStage } from '../support/stage.ts'
import type { Stage } from '../support/stage.ts'
import type { Visit } from '../support/visit.ts'

const API = 'https://api.example/'
let stage: Stage
let pictures: Server
let client: StoredClient
beforeAll(async () => {
  stage = await openStage()
  await addApi(stage.server)
  pictures = createServer((_req, res) => res.end(png(64, 64)))
  await new Promise<void>((resolve) => pictures.listen(0, '127.0.0.1', resolve))
  client = await addClient(stage.server, {
    ...{ name: 'Photo printer', verified: true },
    metadata: {
      redirect_uris: ['https://rp.example/cb', `${stage.app.url}/callback`],
      logo_uri: `http://127.0.0.1:${(pictures.address() as AddressInfo).port}/logo`,
      client_uri: 'https://photos.example/',
      policy_uri: 'https://photos.example/privacy',
    },
  })
  const { database } = stage.server
  const due = await claimLogo(database.prisma, { leaseSeconds: 30 })
  if (!due) throw new Error('no logo is due')
  const outcome = await getLogo(createOutboundGuard(['127.0.0.1']), due.sourceUri)
  await database.transaction((tx) => settleLogo(tx, due, outcome))
  await putScopeWords(database.prisma, {
    ...{ kind: 'scope', name: 'email', language: 'de' },
    ...{ title: 'Ihre Dienstadresse', description: 'Unter ihr schreibt Ihnen die App.' },
  })
})
afterAll(async () => {
  pictures.closeAllConnections()
  pictures.close()
  await stage.close()
})

async function newPerson(): Promise<Person> {
  const person = await addPerson(stage.server)
  await addRecoveryCodes(stage.server, person)
  return person
}

const phone: BrowserContextOptions = { viewport: { width: 360, height: 740 }, javaScriptEnabled: false }

/** Signs in and stops at the consent page; the fields are found without a word of any language. */
async function upToConsent(visit: Visit, person: Person, params: AuthorizeParams): Promise<void> {
  const { page } = visit
  const url = authorizeUrl(client, pkce().challenge, { redirect_uri: `${stage.app.url}/callback`, ...params })
  await page.goto(`${stage.server.issuer}${url}`)
  if (await page.locator('#password').count()) {
    await page.locator('input[type=email], #email').first().fill(person.email)
    await page.locator('#password').fill(person.password)
    await page.locator('form[action$="/login"] .primary').click()
    await page.locator('input[name=code]').fill(await codeOf(stage.server, person))
    await page.locator('form[action$="/totp"] .primary').click()
  }
  await page.locator('form[action$="/consent"]').waitFor()
}

const scope = 'openid profile email orders:read offline_access'

test.each([
  ['en', 'ltr', 'Your email address', 'Allow Photo printer to use your account?'],
  ['de', 'ltr', 'Ihre Dienstadresse', 'Photo printer erlauben, Ihr Konto zu benutzen?'],
])(
  'on a phone without scripts a person reads in their language (%s) who asks for what, and unticks a line (AZ-21)',
  async (ui_locales, dir, address, question) => {
    const person = await newPerson()
    const { prisma } = stage.server.database
    await stage.play(async (visit) => {
      const { page, sees } = visit
      await upToConsent(visit, person, { scope, resource: API, prompt: 'consent', ui_locales })
      await sees(question)
      expect(await page.locator('html').getAttribute('dir')).toBe(dir)
      const logo = page.locator('img.logo')
      expect(await logo.getAttribute('src')).toMatch(/^\/logos\//)
      const line = page.locator('label.choice', { hasText: address })
      await line.locator('input').uncheck()
      const main = await page.getByRole('main').innerText()
      for (const told of ['Photo printer', person.email, 'photos.example', 'Shop', address])
        expect(main).toContain(told)
      await page.locator('button[value=allow]').click()
      await page.waitForURL(`${stage.app.url}/**`)
    }, phone)
    const [receipt] = await prisma.consentReceipt.findMany({ where: { userId: person.id } })
    const { granted, refused } = receipt?.detail as {
      granted: { name: string }[]
      refused: { title: string }[]
    }
    expect(granted.map(({ name }) => name).toSorted()).toEqual([
      'offline_access',
      'openid',
      'orders:read',
      'profile',
    ])
    expect(refused.map(({ title }) => title)).toEqual([address])
  },
)

test('from right to left the page is whole: Arabic, on a phone (AZ-21)', async () => {
  const person = await newPerson()
  await stage.play(
    async (visit) => {
      const { page, sees } = visit
      await upToConsent(visit, person, { scope, resource: API, prompt: 'consent', ui_locales: 'ar' })
      await sees(/Photo printer/)
      expect(await page.locator('html').getAttribute('dir')).toBe('rtl')
      expect(await page.locator('h1 bdi').innerText()).toBe('Photo printer')
      await page.locator('button[value=deny]').click()
      await page.waitForURL(`${stage.app.url}/**`)
    },
    { viewport: { width: 360, height: 740 } },
  )
})

test('with the keyboard alone a person opens what they allowed before, takes something back, and allows the rest', async () => {
  const person = await newPerson()
  const { prisma } = stage.server.database
  await stage.play(async (visit) => {
    const { page } = visit
    await upToConsent(visit, person, { scope: 'openid profile email' })
    await page.locator('button[value=allow]').click()
    await page.waitForURL(`${stage.app.url}/**`)
    await upToConsent(visit, person, { scope: 'openid profile email orders:read', resource: API })
    const profile = page.locator('input[value=profile]')
    expect(await profile.isVisible()).toBe(false)
    await page.locator('details.known summary').focus()
    await page.keyboard.press('Enter')
    expect(await profile.isVisible()).toBe(true)
    await page.keyboard.press('Tab')
    await page.keyboard.press('Space')
    expect(await profile.isChecked()).toBe(false)
    await page.locator('button[value=allow]').focus()
    await page.keyboard.press('Enter')
    await page.waitForURL(`${stage.app.url}/**`)
  })
  const { decision } = await prisma.consent.findFirstOrThrow({ where: { userId: person.id } })
  expect(decision).toMatchObject({ rejected: { openid: ['profile'] } })
})
