import type { Page } from 'playwright-core'
import { codeOf } from './people.ts'
import type { Person } from './people.ts'
import type { Stage } from './stage.ts'
import type { Visit } from './visit.ts'

/** The headings of the hosted pages, as people read them. */
export const headings = {
  login: 'Sign in',
  totp: 'Enter your sign-in code',
  enrol: 'Set up your authenticator app',
  recoveryCode: 'Use a recovery code',
  recoveryCodes: 'Save your recovery codes',
  consent: /^Allow .+ to use your account\?$/,
  consentForMore: /^Allow .+ to do more\?$/,
  selectAccount: 'Choose an account',
  logout: 'Sign out of Cardea?',
  stayed: 'You are still signed in',
} as const

export async function press(page: Page, button: string | RegExp): Promise<void> {
  await page.getByRole('button', { name: button, exact: true }).click()
}

export async function enterPassword(
  page: Page,
  { email, password }: Pick<Person, 'email' | 'password'>,
): Promise<void> {
  await page.getByLabel('Email address').fill(email)
  await page.getByLabel('Password').fill(password)
  await press(page, 'Sign in')
}

export async function enterCode(page: Page, code: string): Promise<void> {
  await page.getByLabel('Six-digit code').fill(code)
  await press(page, 'Continue')
}

/** From the app's sign-in to its page for people who are signed in, saying yes to everything, and looking at every page. */
export async function signInAt(
  { server, app }: Pick<Stage, 'server' | 'app'>,
  { page, sees }: Pick<Visit, 'page' | 'sees'>,
  person: Person,
  { consent = true, query = '' } = {},
): Promise<void> {
  await page.goto(`${app.url}/login${query}`)
  await sees(headings.login)
  await enterPassword(page, person)
  await sees(headings.totp)
  await enterCode(page, await codeOf(server, person))
  if (consent) {
    await sees(headings.consent)
    await press(page, 'Allow')
  }
  await sees('Hello, Pat Example')
}
