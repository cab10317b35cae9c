// Takes the pictures of docs/screens anew: `npx node scripts/screenshots.mjs`. Starts a development server of its own with the sample
// app, walks through the hosted pages as Alice and as the admin, and photographs each in light and dark, on a desk and on a phone.
// The ports are the usual ones (CARDEA_PORT, CARDEA_OPS_PORT and CARDEA_SAMPLE_PORT change them).
/* global fetch, URLSearchParams */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { generate } from 'otplib'
import { launchBrowser } from '../test/support/browser.ts'
import { shrinkPng } from './shrink-png.mjs'

const LIMIT_BYTES = 60 * 1024
const folder = new URL('../docs/screens/', import.meta.url).pathname
const dataDir = new URL('../.cache/screens/', import.meta.url).pathname
const port = process.env.CARDEA_PORT ?? '3000'
const app = `http://localhost:${process.env.CARDEA_SAMPLE_PORT ?? '3100'}`
const windows = {
  phone: { viewport: { width: 360, height: 740 }, deviceScaleFactor: 1.5, isMobile: true, hasTouch: true },
  desktop: { viewport: { width: 1280, height: 800 } },
}

let lastCode = ''

rmSync(dataDir, { recursive: true, force: true })
const server = spawn(process.execPath, [new URL('../src/main.ts', import.meta.url).pathname], {
  env: { ...process.env, CARDEA_DATA_DIR: dataDir, CARDEA_ISSUER: `http://localhost:${port}` },
  stdio: ['ignore', 'ignore', 'inherit'],
})
const exited = new Promise((resolve) => server.once('exit', resolve))
const browser = await launchBrowser()
try {
  await serverIsReady()
  mkdirSync(folder, { recursive: true })
  const secrets = JSON.parse(readFileSync(`${dataDir}development.json`, 'utf8'))
  for (const [name, options] of Object.entries(windows)) await photographAll(name, options, secrets)
} finally {
  await browser.close()
  server.kill('SIGTERM')
  await exited
  rmSync(dataDir, { recursive: true, force: true })
}

async function serverIsReady() {
  for (let tries = 0; tries < 300; tries += 1) {
    const answer = await fetch(`${app}/`).catch(() => null)
    if (answer?.ok) return
    if (server.exitCode !== null) throw new Error('The server did not start.')
    await sleep(200)
  }
  throw new Error('The server did not get ready.')
}

async function photographAll(window, options, secrets) {
  const alice = await openVisit(window, options)
  await alice.page.goto(`${app}/login`)
  await alice.shoot('login')
  await alice.signIn('alice@example.com', 'not the password')
  await alice.shoot('login-error')
  await alice.signIn('alice@example.com', secrets.userPassword)
  await alice.shoot('totp')
  await alice.page.getByLabel('Six-digit code').fill(await freshCode(secrets.userTotpSecret))
  await alice.press('Continue')
  await alice.passRecoveryCodes()
  await alice.shoot('consent')
  // Allowed in one window it would not be asked for again in the next.
  await alice.press('Deny')
  await alice.page.goto(`${app}/login?prompt=select_account`)
  await alice.shoot('select-account')
  const started = await startDevice()
  await alice.page.goto(started.verification_uri)
  await alice.shoot('device')
  await alice.page.goto(started.verification_uri_complete)
  await alice.shoot('device-confirm')
  await alice.page.goto(`http://localhost:${port}/logout`)
  await alice.shoot('logout')
  await alice.page.goto(`http://localhost:${port}/interaction/long-gone`)
  await alice.shoot('error')
  await alice.context.close()

  // The admin has no second factor yet. Seen on the phone the set-up is left unfinished, for the desktop to see it too.
  const admin = await openVisit(window, options)
  await admin.page.goto(`${app}/login`)
  await admin.signIn('admin@example.com', secrets.adminPassword)
  await admin.shoot('enrol')
  if (window === 'desktop') {
    await admin.finishEnrolment()
    await admin.shoot('recovery-codes')
    // The codes stay on their page until they are saved: the phone takes over the same sign-in.
    const storageState = await admin.context.storageState()
    const phone = await openVisit('phone', { ...windows.phone, storageState })
    await phone.page.goto(admin.page.url())
    await phone.shoot('recovery-codes')
    await phone.context.close()
  }
  await admin.context.close()
}

/** A device begins: the command line, on a machine without a browser. */
async function startDevice() {
  const body = new URLSearchParams({ client_id: 'cardea-cli', scope: 'openid' })
  const answer = await fetch(`http://localhost:${port}/device_authorization`, { method: 'POST', body })
  return answer.json()
}

async function openVisit(window, options) {
  const context = await browser.newContext(options)
  context.setDefaultTimeout(10_000)
  const page = await context.newPage()
  const press = (name) => page.getByRole('button', { name, exact: true }).click()
  const heading = () => page.getByRole('heading', { level: 1 })
  const shoot = (name) => photograph(page, name, window)
  return {
    context,
    page,
    press,
    shoot,
    async signIn(email, password) {
      await page.getByLabel('Email address').fill(email)
      await page.getByLabel('Password').fill(password)
      await press('Sign in')
    },
    async passRecoveryCodes() {
      if ((await heading().innerText()) !== 'Save your recovery codes') return
      await page.getByLabel('I have saved them').check()
      await press('Continue')
    },
    async finishEnrolment() {
      const secret = (await page.locator('.key').innerText()).replaceAll(/\s/g, '')
      await page.getByLabel('Six-digit code').fill(await generate({ secret }))
      await press('Link this app')
      await page.getByLabel('I have saved them').waitFor()
    },
  }
}

/** A code works once: the second window waits for the next one. */
async function freshCode(secret) {
  for (;;) {
    const code = await generate({ secret })
    if (code !== lastCode) return (lastCode = code)
    await sleep(1000)
  }
}

async function photograph(page, name, window) {
  for (const colorScheme of ['light', 'dark']) {
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
