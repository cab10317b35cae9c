import { mkdirSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { generate } from 'otplib'
import type { Page } from 'playwright-core'
import { newestMail } from '../support/mail.ts'
import { press } from '../support/hosted-pages.ts'
import { addPerson } from '../support/people.ts'
import { openStage } from '../support/stage.ts'
import type { Stage } from '../support/stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await openStage()
})
afterAll(() => stage.close())

const password = 'seven quiet otters knitting'
const phone = { viewport: { width: 360, height: 740 }, javaScriptEnabled: false }

/** With SHOTS naming a folder, each page is also photographed. */
async function shoot(page: Page, name: string): Promise<void> {
  const folder = process.env['SHOTS'] ?? ''
  if (folder === '') return
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
}

const words = {
  en: {
    signIn: 'Sign in',
    create: 'Create one',
    registerTitle: 'Create an account',
    email: 'Email address',
    name: 'Name',
    password: 'Password',
    submit: 'Create account',
    check: 'Look into your mail',
    code: 'Six-digit code',
    go: 'Continue',
    confirmTitle: 'Confirm your address',
    confirm: 'Confirm',
    ready: 'Your account is ready',
    forgot: 'Forgot your password?',
    send: 'Send mail',
    choose: 'Choose a new password',
    set: 'Set password',
    isSet: 'Your password is set',
  },
  de: {
    signIn: 'Anmelden',
    create: 'Legen Sie eines an',
    registerTitle: 'Konto anlegen',
    email: 'E-Mail-Adresse',
    name: 'Name',
    password: 'Passwort',
    submit: 'Konto anlegen',
    check: 'Sehen Sie in Ihre Mails',
    code: 'Sechsstelliger Code',
    go: 'Weiter',
    confirmTitle: 'Bestätigen Sie Ihre Adresse',
    confirm: 'Bestätigen',
    ready: 'Ihr Konto ist fertig',
    forgot: 'Passwort vergessen?',
    send: 'Mail schicken',
    choose: 'Wählen Sie ein neues Passwort',
    set: 'Passwort setzen',
    isSet: 'Ihr Passwort ist gesetzt',
  },
}

test.each(['en', 'de'] as const)(
  'somebody new registers from an app, by code, on a phone without scripts, and comes back signed in (%s)',
  async (locale) => {
    const say = words[locale]
    const email = `nia-${locale}@example.com`
    await stage.play(
      async ({ page, sees }) => {
        await page.goto(`${stage.app.url}/login`)
        await sees(say.signIn)
        await page.getByRole('link', { name: say.create }).click()
        await sees(say.registerTitle)
        await shoot(page, `register-${locale}`)
        await page.getByLabel(say.email).fill(email)
        await page.getByLabel(say.name, { exact: true }).fill('Nia New')
        await page.getByLabel(say.password, { exact: true }).fill('password1')
        await press(page, say.submit)
        await page.getByRole('alert').waitFor()
        await shoot(page, `register-refused-${locale}`)
        await page.getByLabel(say.password, { exact: true }).fill(password)
        await press(page, say.submit)
        await sees(say.check)
        await shoot(page, `check-mail-${locale}`)
        const { code } = await newestMail(stage.server, email, 'register')
        await page.getByLabel(say.code).fill('000000')
        await press(page, say.go)
        await page.getByRole('alert').waitFor()
        await page.getByLabel(say.code).fill(code)
        await press(page, say.go)
        await sees(say.ready)
        await shoot(page, `registered-${locale}`)
        await page.getByRole('link', { name: say.signIn }).click()
        await sees(say.signIn)
        await page.getByLabel(say.email).fill(email)
        await page.getByLabel(say.password, { exact: true }).fill(password)
        await press(page, say.signIn)
        const secret = (await page.locator('.key').innerText()).replaceAll(/\s/g, '')
        await page.locator('#code').fill(await generate({ secret }))
        await page.locator('button.primary').click()
        await page.locator('.codes li').first().waitFor()
      },
      { ...phone, locale },
    )
    expect(await stage.server.database.prisma.user.findUnique({ where: { email } })).toMatchObject({
      emailVerified: true,
      locale,
    })
  },
)

test('the link is opened on another device: a password is chosen there, and the link cannot be used again', async () => {
  const email = 'two-devices@example.com'
  const say = words.en
  await stage.play(
    async ({ page, sees }) => {
      await page.goto(`${stage.server.issuer}/register`)
      await page.getByLabel(say.email).fill(email)
      await page.getByLabel(say.password, { exact: true }).fill(password)
      await press(page, say.submit)
      await sees(say.check)
    },
    { locale: 'en' },
  )
  const { ticket } = await newestMail(stage.server, email, 'register')
  await stage.play(
    async ({ page, sees }) => {
      await page.goto(`${stage.server.issuer}/register/confirm?ticket=${ticket}`)
      await sees(say.confirmTitle)
      await shoot(page, 'confirm-desktop')
      await press(page, say.confirm)
      await sees('Choose your password')
      await page.locator('#password').fill(password)
      await press(page, say.set)
      await sees(say.isSet)
      await shoot(page, 'registered-elsewhere-desktop')
      await page.goto(`${stage.server.issuer}/register/confirm?ticket=${ticket}`)
      await sees('This link cannot be used')
    },
    { locale: 'en', colorScheme: 'dark' },
  )
})

test.each(['en', 'de'] as const)(
  'a forgotten password is replaced from the sign-in page, by code, on a phone without scripts (%s)',
  async (locale) => {
    const say = words[locale]
    const person = await addPerson(stage.server)
    await stage.play(
      async ({ page, sees }) => {
        await page.goto(`${stage.app.url}/login`)
        await page.getByRole('link', { name: say.forgot }).click()
        await sees(say.forgot)
        await shoot(page, `forgot-${locale}`)
        await page.getByLabel(say.email).fill(person.email)
        await press(page, say.send)
        await sees(say.check)
        const { code } = await newestMail(stage.server, person.email, 'reset')
        await page.getByLabel(say.code).fill(code)
        await press(page, say.go)
        await sees(say.choose)
        await page.locator('#password').fill(password)
        await press(page, say.set)
        await sees(say.isSet)
        await shoot(page, `password-set-${locale}`)
        await page.locator('a.button.primary').click()
        await page.goto(`${stage.app.url}/login`)
        await page.getByLabel(say.email).fill(person.email)
        await page.getByLabel(say.password, { exact: true }).fill(password)
        await press(page, say.signIn)
        await page.locator('#code').waitFor()
      },
      { ...phone, locale },
    )
  },
)

test('in development a mail is read in the mailbox of the operations listener, and its link works', async () => {
  const person = await addPerson(stage.server)
  const stop = stage.server.instances[0]?.startMailDelivery({ everyMs: 50 })
  const ops = `http://127.0.0.1:${stage.server.instances[0]?.opsPort ?? 0}`
  try {
    const context = await stage.browser.newContext({ locale: 'en', viewport: { width: 360, height: 740 } })
    const page = await context.newPage()
    await page.goto(`${stage.server.issuer}/forgot`)
    await page.getByLabel('Email address').fill(person.email)
    await press(page, 'Send mail')
    const subject = 'Choose a new password for Cardea'
    for (let nth = 0; nth < 100; nth += 1) {
      await page.goto(`${ops}/mailbox`)
      if ((await page.getByRole('link', { name: subject }).count()) > 0) break
      await page.waitForTimeout(100)
    }
    await shoot(page, 'mailbox')
    const listed = page.getByRole('listitem').filter({ hasText: person.email })
    await listed.getByRole('link').click()
    await page.getByRole('heading', { name: subject }).waitFor()
    await shoot(page, 'mailbox-mail')
    const html = `${page.url()}/html`
    await page.getByRole('link', { name: /^http/ }).first().click()
    await page.getByRole('heading', { name: 'Choose a new password' }).waitFor()
    await page.goto(html)
    await shoot(page, 'mail-html')
    expect(await page.locator('img, script, link').count()).toBe(0)
    await context.close()
    // What is around the mails is in English for everybody, and says so.
    const german = await fetch(`${ops}/mailbox`, { headers: { 'accept-language': 'de' } })
    expect(await german.text()).toContain('<html lang="en" dir="ltr">')
  } finally {
    await stop?.()
  }
})
