import { generate } from 'otplib'
import { addPerson, addRecoveryCodes, codeOf, wrongCode } from '../people.ts'
import type { Person } from '../people.ts'
import type { Stage } from '../stage.ts'
import type { Reader } from './reader.ts'

/** Something people do, told once for every language. */
export type Story = {
  /** What they do, as a fact. */
  name: string
  /** Passkeys alone need scripts. */
  scripts?: boolean
  tell: (reader: Reader) => Promise<void>
}

export const NEW_PASSWORD = 'seven quiet otters knitting'

/** Somebody with an authenticator app and saved recovery codes. */
export async function settled(stage: Stage): Promise<Person & { codes: string[] }> {
  const person = await addPerson(stage.server)
  return { ...person, codes: await addRecoveryCodes(stage.server, person) }
}

/** The sign-in page: e-mail and password. */
export async function givePassword(reader: Reader, { email, password }: Pick<Person, 'email' | 'password'>) {
  await reader.sees('signin:login.title')
  await reader.fill('signin:login.email', email)
  await reader.fill('signin:login.password', password)
  await reader.press('signin:login.submit')
}

/** The page of the second factor. */
export async function giveCode(reader: Reader, person: Person): Promise<void> {
  await reader.sees('signin:totp.title')
  await reader.fill('signin:totp.code', await codeOf(reader.stage.server, person))
  await reader.press('signin:continue')
}

export async function signIn(reader: Reader, person: Person): Promise<void> {
  await givePassword(reader, person)
  await giveCode(reader, person)
}

/** A code of the authenticator app that the page in front shows the key of. */
export async function codeOfShownKey({ page }: Reader): Promise<string> {
  return generate({ secret: (await page.locator('.key').innerText()).replaceAll(/\s/g, '') })
}

/** A wrong code for somebody whose app shows another. */
export async function otherCode({ stage }: Reader, person: Person): Promise<string> {
  return wrongCode(await codeOf(stage.server, person))
}
