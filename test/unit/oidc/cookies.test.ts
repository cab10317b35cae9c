import { describe, expect, test } from '@jest/globals'
import { cookies, sessionCookie } from '../../../src/oidc/cookies.ts'

describe('on https', () => {
  const { names, long, short, keys } = cookies('https://id.example', ['new', 'old'])

  test('the session cookie is bound to this very host, and those of a sign-in to https (SE-01)', () => {
    expect(names).toEqual({
      session: '__Host-cardea_session',
      interaction: '__Secure-cardea_interaction',
      resume: '__Secure-cardea_resume',
    })
    expect(names?.session).toBe(sessionCookie.name(true))
  })

  test('every cookie is signed, out of reach of scripts, of https and of this site (SE-01)', () => {
    for (const flags of [long, short])
      expect(flags).toMatchObject({
        signed: true,
        httpOnly: true,
        secure: true,
        sameSite: 'lax',
        overwrite: true,
      })
  })

  test('the session cookie is sent everywhere on the host, as its prefix demands, and names no domain (SE-01, RFC 6265bis §4.1.3.2)', () => {
    expect(long).toMatchObject({ path: '/' })
    for (const flags of [long, short]) expect(flags).not.toHaveProperty('domain')
  })

  test('all keys verify, the first signs (FT-20)', () => expect(keys).toEqual(['new', 'old']))
})

test('on http, which is for a desk, the cookies have no prefix, or browsers would drop them', () => {
  const { names, long } = cookies('http://localhost:3000', [])
  expect(names).toEqual({
    session: 'cardea_session',
    interaction: 'cardea_interaction',
    resume: 'cardea_resume',
  })
  expect(long).toMatchObject({ signed: true, httpOnly: true, secure: false, sameSite: 'lax' })
})
