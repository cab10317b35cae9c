// Takes the pictures of docs/screens anew: `npx node scripts/screenshots.mjs`. Starts a development server of its own with the sample
// app, and walks through the hosted pages as somebody new, once on a phone and once on a desk: from the registration to the account pages.
// The ports are the usual ones (CARDEA_PORT, CARDEA_OPS_PORT and CARDEA_SAMPLE_PORT change them).
/* global fetch, URLSearchParams */
import { spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { generate } from 'otplib'
import { launchBrowser } from '../test/support/browser.ts'
import { addAuthenticator } from '../test/support/virtual-authenticator.ts'
import { shrinkPng } from './shrink-png.mjs'

const LIMIT_BYTES = 90 * 1024
const folder = new URL('../docs/screens/', import.meta.url).pathname
const dataDir = new URL('../.cache/screens/', import.meta.url).pathname
const server = `http://localhost:${process.env.CARDEA_PORT ?? '3000'}`
const mailbox = `http://localhost:${process.env.CARDEA_OPS_PORT ?? '3001'}/mailbox`
const app = `http://localhost:${process.env.CARDEA_SAMPLE_PORT ?? '3100'}`
const visitors = {
  phone: {
    ...{ name: 'Amélie Okafor', email: 'amelie.okafor@example.com' },
    options: {
      viewport: { width: 360, height: 740 },
      deviceScaleFactor: 1.5,
      isMobile: true,
      hasTouch: true,
    },
  },
  desktop: {
    ...{ name: 'Jonas Weber', email: 'jonas.weber@example.com' },
    options: { viewport: { width: 1280, height: 800 } },
  },
}
/** In which colours each page is taken; the others in light ones on a phone and in dark ones on a desk. */
const colours = {
  login: ['light', 'dark'],
  consent: ['light', 'dark'],
  enrol: { phone: ['dark'], desktop: ['light'] },
  'account-arabic': ['dark'],
}
const password = 'seven quiet otters knitting'

let lastCode = ''

rmSync(dataDir, { recursive: true, force: true })
const running = spawn(process.execPath, [new URL('../src/main.ts', import.meta.url).pathname], {
  env: { ...process.env, CARDEA_DATA_DIR: dataDir, CARDEA_ISSUER: server },
  stdio: ['ignore', 'ignore', 'inherit'],
})
const exited = new Promise((resolve) => running.once('exit', resolve))
const browser = await launchBrowser()
try {
  await serverIsReady()
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [window, visitor] of Object.entries(visitors)) await photographAll(window, visitor)
} finally {
  await browser.close()
  running.kill('SIGTERM')
  await exited
  rmSync(dataDir, { recursive: true, force: true })
}

async function serverIsReady() {
  for (let tries = 0; tries < 300; tries += 1) {
    const answer = await fetch(`${app}/`).catch(() => null)
    if (answer?.ok) return
    if (running.exitCode !== null) throw new Error('The server did not start.')
    await sleep(200)
  }
  throw new Error('The server did not get ready.')
}

async function photographAll(window, visitor) {
  const visit = await openVisit(window, visitor)
  const { page, press, shoot, at } = visit
  await page.goto(`${app}/login`)
  await shoot('login')
  await page.getByRole('link', { name: 'Create one' }).click()
  await page.getByLabel('Email address').fill(visitor.email)
  await page.getByLabel('Name', { exact: true }).fill(visitor.name)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await shoot('register')
  await press('Create account')
  await at('Look into your mail')
  await shoot('check-mail')
  await page.getByLabel('Six-digit code').fill(await codeFromMail(visitor.email))
  await press('Continue')
  await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click()
  await visit.signIn()
  await at('Set up your authenticator app')
  await shoot('enrol')
  const secret = (await page.locator('.key').innerText()).replaceAll(/\s/g, '')
  await page.getByLabel('Six-digit code').fill(await freshCode(secret))
  await press('Link this app')
  await at('Save your recovery codes')
  await shoot('recovery-codes')
  await page.getByLabel('I have saved them').check()
  await press('Continue')
  await at(/^Allow /)
  await shoot('consent')
  await press('Allow')
  await at(/^Hello, /)

  await page.goto(`${app}/login?prompt=select_account`)
  await shoot('select-account')
  const device = await startDevice()
  await page.goto(device.verification_uri_complete)
  await shoot('device-confirm')
  await page.goto(`${server}/interaction/long-gone`)
  await shoot('error')
  for (const [name, path] of [
    ['account', ''],
    ['account-security', '/security'],
    ['account-devices', '/sessions'],
    ['account-activity', '/activity'],
    ['account-apps', '/apps'],
  ]) {
    await page.goto(`${server}/account${path}`)
    if (name === 'account-apps') await page.getByRole('link', { name: 'Details of Sample app' }).click()
    await shoot(name)
  }
  await page.goto(`${server}/logout`)
  await shoot('logout')
  await press('Sign out')
  await at('You are signed out')

  await addAuthenticator(page)
  await page.goto(`${app}/login`)
  await page.waitForFunction(`document.querySelector('input[name=passkeys]').value === 'yes'`)
  await visit.signIn()
  await at('Enter your sign-in code')
  await shoot('totp')
  await page.getByLabel('Six-digit code').fill(await freshCode(secret))
  await press('Continue')
  await at('Sign in faster next time?')
  await shoot('passkey-offer')
  await press('Not now')
  await at(/^Hello, /)
  if (window === 'phone') {
    await page.goto(`${server}/account`)
    await page.locator('.languages summary').click()
    await press('العربية')
    await page.locator('html[dir=rtl]').waitFor()
    await shoot('account-arabic')
    await page.context().clearCookies({ name: /session/ })
    await page.goto(`${app}/login`)
    await shoot('login-arabic')
  }
  await visit.context.close()
}

/** A device begins: the command line, on a machine without a browser. */
async function startDevice() {
  const body = new URLSearchParams({ client_id: 'cardea-cli', scope: 'openid' })
  const answer = await fetch(`${server}/device_authorization`, { method: 'POST', body })
  return answer.json()
}

async function openVisit(window, { email, options }) {
  const context = await browser.newContext({ ...options, locale: 'en' })
  context.setDefaultTimeout(30_000)
  const page = await context.newPage()
  const press = (name) => page.getByRole('button', { name, exact: true }).click()
  return {
    context,
    page,
    press,
    shoot: (name) => photograph(page, name, window),
    at: (name) => page.getByRole('heading', { level: 1, name }).waitFor(),
    async signIn() {
      await page.getByLabel('Email address').fill(email)
      await page.getByLabel('Password').fill(password)
      await press('Sign in')
    },
  }
}

/** The six digits of the first mail to an address, which is sent in the background. */
async function codeFromMail(email) {
  for (let tries = 0; tries < 100; tries += 1) {
    const list = await (await fetch(mailbox)).text()
    const entry = list.split('<li>').find((one) => one.includes(email))
    const id = /\/mailbox\/([\w-]+)/.exec(entry ?? '')?.[1]
    if (id !== undefined) {
      const mail = await (await fetch(`${mailbox}/${id}`)).text()
      const code = /\b\d{6}\b/.exec(mail.slice(mail.indexOf('mail-text')))?.[0]
      if (code !== undefined) return code
    }
    await sleep(300)
  }
  throw new Error(`No mail came to ${email}.`)
}

/** A code works once: the next time waits for the next one. */
async function freshCode(secret) {
  for (;;) {
    const code = await generate({ secret })
    if (code !== lastCode) return (lastCode = code)
    await sleep(1000)
  }
}

async function photograph(page, name, window) {
  const usual = { phone: ['light'], desktop: ['dark'] }
  const wanted = colours[name] ?? usual
  for (const colorScheme of Array.isArray(wanted) ? wanted : wanted[window]) {
    await page.emulateMedia({ colorScheme })
    const path = `${folder}${name}-${window}-${colorScheme}.png`
    const picture = shrinkPng(
      await page.screenshot({ fullPage: true, animations: 'disabled', caret: 'hide' }),
    )
    if (picture.length > LIMIT_BYTES) throw new Error(`${path} would have ${picture.length} bytes.`)
    writeFileSync(path, picture)
    console.log(`${path.slice(folder.length)}  ${Math.ceil(picture.length / 1024)} kB`)
  }
}
