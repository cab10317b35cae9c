import { describe, expect, test } from '@jest/globals'
import { text } from '../../../src/language/index.ts'
import { englishLeft } from '../../support/stories/english-left.ts'
import { wordsOf } from '../../support/stories/words.ts'

// What the stories in three languages rest on: it must find what it is there to find.
describe('English that was left on a page', () => {
  test.each([
    ['de', 'Forgot your password?'],
    ['de', 'Enter the code that your authenticator app shows for Cardea.'],
    ['ja', 'Enter the code that your authenticator app shows for Cardea.'],
    ['ar', 'Sign in'],
    ['ja', 'Mailbox'],
    ['ar', 'Redirect_uri did not match'],
  ] as const)('is found in %s: %s', (language, said) => {
    expect(englishLeft([said], language, ['Cardea'])).toEqual([said])
  })

  test.each([
    ['en', 'Sign in'],
    ['de', 'Anmelden'],
    ['de', 'Passkeys'],
    ['ja', 'サインイン'],
    ['ja', 'JavaScriptとパスキーが使えるブラウザーが必要です。'],
    ['ja', 'Pat Example pat@example.com https://app.example/start'],
    ['ar', 'تسجيل الدخول'],
  ] as const)('is not what %s says, nor names and addresses: %s', (language, said) => {
    expect(englishLeft([said], language, ['Pat Example'])).toEqual([])
  })
})

describe('the words that a reader looks for', () => {
  test('are those of their language, the link’s of a sentence with one, with names fenced off or not', () => {
    expect('Anmelden').toMatch(wordsOf('de', 'signin:login.title'))
    expect('Sign in').not.toMatch(wordsOf('de', 'signin:login.title'))
    expect('Use a recovery code').toMatch(wordsOf('en', 'signin:totp.lostPhone'))
    const question = text('consent:question', { app: 'Sample app' })
    expect('Allow Sample app to use your account?').toMatch(wordsOf('en', question))
    expect('Allow \u2068Sample app\u2069 to use your account?').toMatch(wordsOf('en', question))
    expect('Allow Other app to use your account?').not.toMatch(wordsOf('en', question))
  })
})
